#include "CLibPQ.h"

#include "CLoading.h"

// A function of the library's own name stands in for each of its functions that is used here, and calls the one that
// was loaded. The library's own header holds both to the same types. Hidden: the library itself must never find one of
// them instead of its own.

// Those that make what the others take: without the library they make nothing, so that the others are never called
// without it.
#define MAKERS(X) \
    X(PGconn *, PQconnectdbParams, (const char *const *a, const char *const *b, int c), (a, b, c)) \
    X(PQconninfoOption *, PQconninfoParse, (const char *a, char **b), (a, b))

#define USERS(X) \
    X(void, PQclear, (PGresult *a), (a)) \
    X(char *, PQcmdStatus, (PGresult *a), (a)) \
    X(char *, PQcmdTuples, (PGresult *a), (a)) \
    X(int, PQconnectionNeedsPassword, (const PGconn *a), (a)) \
    X(int, PQconnectionUsedPassword, (const PGconn *a), (a)) \
    X(void, PQconninfoFree, (PQconninfoOption *a), (a)) \
    X(int, PQconsumeInput, (PGconn *a), (a)) \
    X(char *, PQerrorMessage, (const PGconn *a), (a)) \
    X(int, PQfformat, (const PGresult *a, int b), (a, b)) \
    X(void, PQfinish, (PGconn *a), (a)) \
    X(int, PQflush, (PGconn *a), (a)) \
    X(void, PQfreemem, (void *a), (a)) \
    X(Oid, PQftype, (const PGresult *a, int b), (a, b)) \
    X(PGresult *, PQgetResult, (PGconn *a), (a)) \
    X(int, PQgetisnull, (const PGresult *a, int b, int c), (a, b, c)) \
    X(int, PQgetlength, (const PGresult *a, int b, int c), (a, b, c)) \
    X(char *, PQgetvalue, (const PGresult *a, int b, int c), (a, b, c)) \
    X(int, PQisBusy, (PGconn *a), (a)) \
    X(int, PQnfields, (const PGresult *a), (a)) \
    X(int, PQntuples, (const PGresult *a), (a)) \
    X(const char *, PQparameterStatus, (const PGconn *a, const char *b), (a, b)) \
    X(char *, PQresultErrorField, (const PGresult *a, int b), (a, b)) \
    X(ExecStatusType, PQresultStatus, (const PGresult *a), (a)) \
    X(int, PQsendQuery, (PGconn *a, const char *b), (a, b)) \
    X(int, PQsendQueryParams, \
      (PGconn *a, const char *b, int c, const Oid *d, const char *const *e, const int *f, const int *g, int h), \
      (a, b, c, d, e, f, g, h)) \
    X(int, PQserverVersion, (const PGconn *a), (a)) \
    X(PQnoticeProcessor, PQsetNoticeProcessor, (PGconn *a, PQnoticeProcessor b, void *c), (a, b, c)) \
    X(int, PQsetnonblocking, (PGconn *a, int b), (a, b)) \
    X(int, PQsocket, (const PGconn *a), (a)) \
    X(ConnStatusType, PQstatus, (const PGconn *a), (a))

enum { MAKERS(NUMBER) USERS(NUMBER) count };

static void *addresses[count];
static const char *const symbols[] = {MAKERS(SYMBOL) USERS(SYMBOL) NULL};
#ifdef __APPLE__
static const char *const names[] = {"libpq.5.dylib", NULL};
#else
static const char *const names[] = {"libpq.so.5", NULL};
#endif
static struct loaded_library library = {
    .names = names, .symbols = symbols, .addresses = addresses,
    .packages = "the package libpq5 (Debian, Ubuntu, SUSE) or libpq (others)",
    .lock = PTHREAD_MUTEX_INITIALIZER};

const char *load_libpq(void) { return load_library(&library); }

MAKERS(MAKER)
USERS(USER)
