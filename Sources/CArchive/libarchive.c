#include "CArchive.h"

#include "CLoading.h"

// A function of the library's own name stands in for each of its functions that is used here, and calls the one that
// was loaded. The library's own header holds both to the same types. Hidden: the library itself must never find one of
// them instead of its own.

// Those that make what the others take: without the library they make nothing, so that the others are never called
// without it.
#define MAKERS(X) \
    X(struct archive *, archive_read_new, (void), ()) \
    X(struct archive *, archive_write_new, (void), ()) \
    X(struct archive_entry *, archive_entry_new, (void), ())

#define USERS(X) \
    X(const char *, archive_error_string, (struct archive *a), (a)) \
    X(int, archive_format, (struct archive *a), (a)) \
    X(la_ssize_t, archive_read_data, (struct archive *a, void *b, size_t c), (a, b, c)) \
    X(int, archive_read_data_block, (struct archive *a, const void **b, size_t *c, la_int64_t *d), (a, b, c, d)) \
    X(int, archive_read_free, (struct archive *a), (a)) \
    X(int, archive_read_next_header, (struct archive *a, struct archive_entry **b), (a, b)) \
    X(int, archive_read_open_filename, (struct archive *a, const char *b, size_t c), (a, b, c)) \
    X(int, archive_read_open_memory, (struct archive *a, const void *b, size_t c), (a, b, c)) \
    X(int, archive_read_support_filter_bzip2, (struct archive *a), (a)) \
    X(int, archive_read_support_filter_gzip, (struct archive *a), (a)) \
    X(int, archive_read_support_filter_xz, (struct archive *a), (a)) \
    X(int, archive_read_support_filter_zstd, (struct archive *a), (a)) \
    X(int, archive_read_support_format_empty, (struct archive *a), (a)) \
    X(int, archive_read_support_format_raw, (struct archive *a), (a)) \
    X(int, archive_read_support_format_tar, (struct archive *a), (a)) \
    X(int, archive_read_support_format_zip, (struct archive *a), (a)) \
    X(int, archive_write_close, (struct archive *a), (a)) \
    X(la_ssize_t, archive_write_data, (struct archive *a, const void *b, size_t c), (a, b, c)) \
    X(int, archive_write_free, (struct archive *a), (a)) \
    X(int, archive_write_header, (struct archive *a, struct archive_entry *b), (a, b)) \
    X(int, archive_write_open_filename, (struct archive *a, const char *b), (a, b)) \
    X(int, archive_write_set_format_pax_restricted, (struct archive *a), (a)) \
    X(int, archive_write_set_format_zip, (struct archive *a), (a)) \
    X(int, archive_write_set_options, (struct archive *a, const char *b), (a, b)) \
    X(__LA_MODE_T, archive_entry_filetype, (struct archive_entry *a), (a)) \
    X(void, archive_entry_free, (struct archive_entry *a), (a)) \
    X(const char *, archive_entry_hardlink, (struct archive_entry *a), (a)) \
    X(const char *, archive_entry_pathname, (struct archive_entry *a), (a)) \
    X(void, archive_entry_set_filetype, (struct archive_entry *a, unsigned int b), (a, b)) \
    X(void, archive_entry_set_mtime, (struct archive_entry *a, time_t b, long c), (a, b, c)) \
    X(void, archive_entry_set_pathname, (struct archive_entry *a, const char *b), (a, b)) \
    X(void, archive_entry_set_perm, (struct archive_entry *a, __LA_MODE_T b), (a, b)) \
    X(void, archive_entry_set_size, (struct archive_entry *a, la_int64_t b), (a, b)) \
    X(la_int64_t, archive_entry_size, (struct archive_entry *a), (a)) \
    X(int, archive_entry_size_is_set, (struct archive_entry *a), (a)) \
    X(const char *, archive_entry_symlink, (struct archive_entry *a), (a))

enum { MAKERS(NUMBER) USERS(NUMBER) count };

static void *addresses[count];
static const char *const symbols[] = {MAKERS(SYMBOL) USERS(SYMBOL) NULL};
#ifdef __APPLE__
static const char *const names[] = {"libarchive.13.dylib", NULL};
#else
static const char *const names[] = {"libarchive.so.13", NULL};
#endif
static struct loaded_library library = {
    .names = names, .symbols = symbols, .addresses = addresses,
    .packages = "the package libarchive13 or libarchive13t64 (Debian, Ubuntu), libarchive13 (SUSE) or libarchive (others)",
    .lock = PTHREAD_MUTEX_INITIALIZER};

const char *load_libarchive(void) { return load_library(&library); }

MAKERS(MAKER)
USERS(USER)
