#ifndef FETTLE_LOADING_H
#define FETTLE_LOADING_H

#include <pthread.h>
#include <stddef.h>

/// A shared library that is loaded when it is first needed, and the functions that are taken from it.
///
/// What all libraries of a program need together (those of libpq and libarchive are 30) costs each start of it
/// several milliseconds, also where none of them is used.
struct loaded_library {
    /// The names under which it may be found, as `dlopen` takes them; ends with a null pointer.
    const char *const *names;
    /// The functions that are needed; ends with a null pointer.
    const char *const *symbols;
    /// Where their addresses are put, in the order of `symbols`: all of them, or none if the library is not whole.
    void **addresses;
    /// Which packages it is in: what to install where it is missing.
    const char *packages;
    pthread_mutex_t lock;
    int is_loaded;
    /// Why it could not be loaded, in the dynamic loader's words, and the packages.
    char problem[768];
};

/// Loads a library unless it is loaded. It stays loaded. May be called from several threads at once; a library that
/// was not there is looked for again.
///
/// - Returns: a null pointer when all its functions are there, otherwise why not.
const char *load_library(struct loaded_library *library);

// For a list of functions, written X(result, name, parameters, arguments): their numbers, their names, and what stands in for each
// and calls the one that was loaded, by `addresses`. A maker gives a null pointer where its library is missing.
#define NUMBER(result, name, parameters, arguments) number_of_##name,
#define SYMBOL(result, name, parameters, arguments) #name,
#define CALLED(name) ((__typeof__(&name))addresses[number_of_##name])
#define HIDDEN __attribute__((visibility("hidden")))
#define MAKER(result, name, parameters, arguments) \
    HIDDEN result name parameters { return addresses[number_of_##name] == NULL ? NULL : CALLED(name) arguments; }
#define USER(result, name, parameters, arguments) \
    HIDDEN result name parameters { return CALLED(name) arguments; }

#endif
