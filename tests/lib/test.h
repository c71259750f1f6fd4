/* What every unit test begins with: cmocka and its forerunners, in the order
 * it wants them, and the assertions that it lacks.
 */
#ifndef SG_TESTS_LIB_TEST_H
#define SG_TESTS_LIB_TEST_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "tests/lib/hex.h"

/* Asserts that CALL returned the error of this name, as in
 * assert_err(sg_reader_end(&reader), TRUNCATED); prints both names if not. */
#define assert_err(call, name) \
    assert_string_equal(sg_err_name(call), sg_err_name(SG_ERR_##name))

#define assert_ok(call) assert_err(call, OK)

/* Asserts that the struct sg_bytes BYTES are what the hex DIGITS say; prints
 * both in hex if not. */
#define assert_hex(bytes, digits) \
    assert_string_equal(sg_hex_text(bytes), sg_hex_text(sg_hex(digits)))

#endif
