#include "storage/base/bytes.h"

#include <string.h>

bool sg_bytes_equal(struct sg_bytes a, struct sg_bytes b)
{
    return sg_bytes_compare(a, b) == 0;
}

int sg_bytes_compare(struct sg_bytes a, struct sg_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    if (order == 0)
        return (a.size > b.size) - (a.size < b.size);
    return order < 0 ? -1 : 1;
}
