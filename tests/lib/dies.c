#include "tests/lib/dies.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/lib/test.h"

#define OUTPUT_SIZE_MAX 65536

static sigjmp_buf back;
static char output[OUTPUT_SIZE_MAX];

/* A handler of SIGABRT that does not return keeps abort from ending us. */
static void on_abort(int number)
{
    (void)number;
    siglongjmp(back, 1);
}

static void read_output(FILE *file)
{
    size_t size;

    rewind(file);
    size = fread(output, 1, sizeof output - 1, file);
    output[size] = '\0';
}

bool sg_dies(void (*run)(void *context), void *context)
{
    struct sigaction action = {.sa_handler = on_abort};
    struct sigaction before;
    FILE *file = tmpfile();
    int standard_error = dup(STDERR_FILENO);
    volatile bool died = true;

    assert_non_null(file);
    assert_true(standard_error >= 0);
    assert_int_equal(sigaction(SIGABRT, &action, &before), 0);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    if (sigsetjmp(back, 1) == 0) {
        run(context);
        died = false;
    }
    assert_true(dup2(standard_error, STDERR_FILENO) >= 0);
    assert_int_equal(sigaction(SIGABRT, &before, NULL), 0);
    read_output(file);
    assert_int_equal(close(standard_error), 0);
    assert_int_equal(fclose(file), 0);
    return died;
}

const char *sg_dies_output(void)
{
    return output;
}
