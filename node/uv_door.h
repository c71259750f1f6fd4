/* The doors of the API before anybody has come: listening sockets, and the file
 * with the token. Why one cannot be had is said to the administrator.
 */
#ifndef SG_NODE_UV_DOOR_H
#define SG_NODE_UV_DOOR_H

#include <sys/types.h>

#include "storage/base/err.h"

/* Listens at PATH with rights MODE; a socket that a dead process left there is
 * removed. Caller closes RET_FD. Errors: LIMIT (the path is longer than a
 * socket's may be), IO (another process is there, or a file that is no socket,
 * or it cannot be). */
SG_USE_RESULT enum sg_err sg_uv_door_socket(const char *path, mode_t mode,
                                            int *ret_fd);

/* Listens at ADDRESS, "127.0.0.1:7647". Caller closes RET_FD. Errors: INVALID
 * (not of this machine's loopback), IO. */
SG_USE_RESULT enum sg_err sg_uv_door_loopback(const char *address, int *ret_fd);

/* Writes TOKEN, 64 hex digits, to DIR/token for the owner alone. Errors: IO. */
SG_USE_RESULT enum sg_err sg_uv_door_token(const char *dir, const char *token);

#endif
