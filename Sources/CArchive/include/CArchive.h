#ifndef FETTLE_ARCHIVE_H
#define FETTLE_ARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

/// Loads libarchive unless it is loaded. To be called before any other function here: until then those that make
/// something make nothing.
///
/// - Returns: a null pointer, or why it could not be loaded and what to install.
const char *_Nullable load_libarchive(void);

#endif
