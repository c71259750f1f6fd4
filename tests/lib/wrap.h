/* A failure in the place of a library's call, where the library gives none.
 *
 * The test's line in CMakeLists.txt links with -Wl,--wrap=NAME; then every call
 * of NAME in the product comes here first.
 */
#ifndef SG_TESTS_LIB_WRAP_H
#define SG_TESTS_LIB_WRAP_H

/* Defines the wrapper of TYPE NAME PARAMETERS: it returns FAILURE while the
 * variable FAILING is true, and calls the library with ARGUMENTS otherwise. */
#define SG_WRAP(failing, failure, type, name, parameters, arguments) \
    type __real_##name parameters;                                   \
    type __wrap_##name parameters;                                   \
    type __wrap_##name parameters                                    \
    {                                                                \
        return (failing) ? (failure) : __real_##name arguments;      \
    }

#endif
