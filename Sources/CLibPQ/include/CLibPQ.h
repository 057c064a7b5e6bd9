#ifndef FETTLE_LIBPQ_H
#define FETTLE_LIBPQ_H

// Debian keeps PostgreSQL's headers in a folder of their own, others do not.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

/// Loads libpq unless it is loaded. To be called before any other function here: until then those that make
/// something make nothing.
///
/// - Returns: a null pointer, or why it could not be loaded and what to install.
const char *_Nullable load_libpq(void);

#endif
