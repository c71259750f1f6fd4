#include "storage/base/plant.h"

#include <stdlib.h>
#include <string.h>

bool sg_plant_is(const char *name)
{
    const char *planted = getenv("SG_PLANT");
    return planted != NULL && strcmp(planted, name) == 0;
}
