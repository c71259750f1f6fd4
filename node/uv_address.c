#include "node/uv_address.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"

enum sg_err sg_uv_address_parse(const char *text, struct sockaddr_storage *ret)
{
    struct sockaddr_storage address = {0};
    const char *colon = strrchr(text, ':');
    char host[SG_UV_ADDRESS_SIZE];
    bool is_v6 = text[0] == '[';
    uint64_t port;
    size_t size;
    int code;

    if (colon == NULL || (is_v6 && (colon == text || colon[-1] != ']')))
        return SG_ERR_INVALID;
    size = (size_t)(colon - text) - (is_v6 ? 2u : 0u);
    if (size >= sizeof host ||
        sg_text_decimal_decode(sg_bytes(colon + 1, strlen(colon + 1)), &port) !=
            SG_OK ||
        port > UINT16_MAX)
        return SG_ERR_INVALID;
    memcpy(host, text + (is_v6 ? 1 : 0), size);
    host[size] = '\0';
    code = is_v6 ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)&address)
                 : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)&address);
    if (code != 0)
        return SG_ERR_INVALID;
    *ret = address;
    return SG_OK;
}

void sg_uv_address_print(const struct sockaddr_storage *address,
                         char ret[SG_UV_ADDRESS_SIZE])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    char host[SG_UV_ADDRESS_SIZE - 8] = "?";

    if (address->ss_family == AF_INET6) {
        (void)uv_ip6_name(v6, host, sizeof host);
        (void)snprintf(ret, SG_UV_ADDRESS_SIZE, "[%s]:%u", host,
                       ntohs(v6->sin6_port));
        return;
    }
    (void)uv_ip4_name(v4, host, sizeof host);
    (void)snprintf(ret, SG_UV_ADDRESS_SIZE, "%s:%u", host, ntohs(v4->sin_port));
}

bool sg_uv_address_is_same(const struct sockaddr_storage *a,
                           const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)b)->sin6_addr,
                      sizeof(struct in6_addr)) == 0;
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
           ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}
