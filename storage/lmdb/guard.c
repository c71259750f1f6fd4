#include "storage/lmdb/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "storage/base/check.h"

/* A node's sizes are 32 bits wide: so far a damaged page may lead astray. */
#define BEYOND (UINT64_C(1) << 33)

struct guard {
    sigjmp_buf jump;
    uintptr_t begin;
    uintptr_t end;
    volatile sig_atomic_t inside; /* LMDB */
};

static _Thread_local struct guard *now;
static struct sigaction before_segv;
static struct sigaction before_bus;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fault(int number, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    struct guard *guard = now;
    (void)context;
    if (guard != NULL &&
        (guard->inside || (at >= guard->begin && at < guard->end))) {
        sg_guard_leave();
    }
    /* Not ours: what was there before takes the signal when it comes again. */
    (void)sigaction(number, number == SIGBUS ? &before_bus : &before_segv,
                    NULL);
}

static void put_in_front(int number, struct sigaction *before)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0 || action.sa_sigaction == fault) {
        return;
    }
    *before = action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

void sg_guard_install(void)
{
    (void)pthread_mutex_lock(&lock);
    put_in_front(SIGSEGV, &before_segv);
    put_in_front(SIGBUS, &before_bus);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)pthread_mutex_unlock(&lock);
}

void sg_guard_enter(void)
{
    if (now != NULL) {
        now->inside = 1;
    }
}

void sg_guard_exit(void)
{
    if (now != NULL) {
        now->inside = 0;
    }
}

void sg_guard_leave(void)
{
    struct guard *guard = now;
    if (guard != NULL) {
        now = NULL;
        siglongjmp(guard->jump, 1);
    }
}

bool sg_guard_run(const void *map, size_t size, void (*fn)(void *context),
                  void *context)
{
    struct guard guard;

    SG_ASSERT(now == NULL);
    guard.begin = (uintptr_t)map;
    guard.end = guard.begin + size + BEYOND;
    guard.inside = 0;
    if (sigsetjmp(guard.jump, 0) != 0) {
        return false;
    }
    now = &guard;
    fn(context);
    now = NULL;
    return true;
}
