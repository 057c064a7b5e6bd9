#include "CLoading.h"

#include <dlfcn.h>
#include <stdio.h>

static void tell(struct loaded_library *library) {
    const char *words = dlerror();
    snprintf(
        library->problem, sizeof library->problem, "%.400s\n  install %.300s",
        words != NULL ? words : "it could not be loaded", library->packages);
}

/// All functions, or none: a library that is too old must not be found out in the middle of its use.
static int find_all(struct loaded_library *library, void *handle) {
    for (size_t number = 0; library->symbols[number] != NULL; number++) {
        if (dlsym(handle, library->symbols[number]) == NULL) {
            tell(library);
            return 0;
        }
    }
    for (size_t number = 0; library->symbols[number] != NULL; number++) {
        library->addresses[number] = dlsym(handle, library->symbols[number]);
    }
    return 1;
}

const char *load_library(struct loaded_library *library) {
    pthread_mutex_lock(&library->lock);
    for (size_t number = 0; !library->is_loaded && library->names[number] != NULL; number++) {
        // All that it needs itself is looked for at once, so that it is missed here and not later; nobody else sees it.
        void *handle = dlopen(library->names[number], RTLD_NOW | RTLD_LOCAL);
        if (handle == NULL) {
            tell(library);
        } else if (find_all(library, handle)) {
            library->is_loaded = 1;
        } else {
            dlclose(handle);
        }
    }
    int is_loaded = library->is_loaded;
    pthread_mutex_unlock(&library->lock);
    return is_loaded ? NULL : library->problem;
}
