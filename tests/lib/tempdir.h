/* A temporary directory for one test, removed with all that is in it. */
#ifndef SG_TESTS_LIB_TEMPDIR_H
#define SG_TESTS_LIB_TEMPDIR_H

/* Makes a new empty directory under $TMPDIR (else /tmp) and gives its path;
 * ends with sg_tempdir_free. Fails the test if it cannot. */
char *sg_tempdir_new(void);

/* Removes the directory PATH and everything in it, without following links,
 * and frees PATH, which may be NULL. */
void sg_tempdir_free(char *path);

/* As cmocka's setup and teardown: *STATE is the path. */
int sg_tempdir_setup(void **state);
int sg_tempdir_teardown(void **state);

#endif
