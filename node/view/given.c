#include "node/view/given.h"

#include "storage/base/alloc.h"
#include "storage/registry/authority_scope.h"

#define PIECE_KEYS 64u /* of one piece of locked memory */

struct sg_given_piece {
    struct sg_given_piece *next;
    size_t n;
    struct sg_key_id ids[PIECE_KEYS];
    struct sg_scope_pair *pairs;
};

bool sg_given_has(const struct sg_given *given, const struct sg_key_id *id)
{
    for (const struct sg_given_piece *piece = given->pieces; piece != NULL;
         piece = piece->next)
        for (size_t i = 0; i < piece->n; i++)
            if (sg_key_id_compare(&piece->ids[i], id) == 0)
                return true;
    return false;
}

/* Gives a piece with room for one more. */
static struct sg_given_piece *need_piece(struct sg_given *given)
{
    struct sg_given_piece *piece = given->pieces;

    if (piece != NULL && piece->n < PIECE_KEYS)
        return piece;
    piece = sg_calloc(1, sizeof *piece);
    if (piece == NULL)
        return NULL;
    piece->pairs = sg_crypto_secret_new(PIECE_KEYS * sizeof *piece->pairs);
    if (piece->pairs == NULL) {
        sg_free(piece);
        return NULL;
    }
    piece->next = given->pieces;
    given->pieces = piece;
    return piece;
}

enum sg_err sg_given_take(struct sg_given *given, const struct sg_key_id *id,
                          const struct sg_authority *authority,
                          const struct sg_key *transport, bool *ret_is_more)
{
    struct sg_given_piece *piece;

    if (sg_given_has(given, id))
        return SG_OK;
    piece = need_piece(given);
    if (piece == NULL)
        return SG_ERR_NOMEM;
    if (sg_authority_scope_open(authority, id, transport->public_key,
                                transport->secret,
                                &piece->pairs[piece->n]) != SG_OK)
        return SG_OK; /* not ours */
    piece->ids[piece->n++] = *id;
    *ret_is_more = true;
    return SG_OK;
}

enum sg_err sg_given_unwrap(const struct sg_given *given,
                            const struct sg_registry_id *registry,
                            const struct sg_content_key *parsed,
                            uint8_t ret_secret[SG_KEY_SIZE])
{
    enum sg_err err = SG_ERR_NOTFOUND;

    for (const struct sg_given_piece *piece = given->pieces;
         piece != NULL && err != SG_OK; piece = piece->next)
        for (size_t i = 0; i < piece->n && err != SG_OK; i++)
            err = sg_content_key_unwrap(registry, parsed, &piece->pairs[i],
                                        ret_secret);
    return err;
}

void sg_given_clear(struct sg_given *given)
{
    while (given->pieces != NULL) {
        struct sg_given_piece *piece = given->pieces;

        given->pieces = piece->next;
        sg_crypto_secret_free(piece->pairs);
        sg_free(piece);
    }
}
