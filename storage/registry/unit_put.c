#include "storage/registry/unit_put.h"

#include "storage/base/check.h"
#include "storage/registry/schema.h"

void sg_unit_put_unit(struct sg_record_build *build, const struct sg_unit *unit)
{
    sg_record_build_uint(build, SG_FIELD_UNIT_UNIT, unit->key.value);
    sg_record_build_str(build, SG_FIELD_UNIT_NAME, unit->name);
    sg_record_build_uint(build, SG_FIELD_UNIT_KIND, unit->kind);
    sg_record_build_uint(build, SG_FIELD_UNIT_PARENT, unit->parent.value);
    if (unit->until.ymd == 0)
        sg_record_build_nil(build, SG_FIELD_UNIT_UNTIL);
    else
        sg_record_build_uint(build, SG_FIELD_UNIT_UNTIL, unit->until.ymd);
    sg_record_build_str(build, SG_FIELD_UNIT_ACT, unit->act);
    sg_record_build_uint(build, SG_FIELD_UNIT_PROOF, unit->is_proven);
}

void sg_unit_put_edges(struct sg_record_build *build,
                       const struct sg_unit *unit,
                       const struct sg_unit_edge *edges, size_t count)
{
    struct sg_pack *pack;

    SG_ASSERT(count > 0);
    SG_ASSERT(unit->until.ymd != 0);
    sg_record_build_uint(build, SG_FIELD_UNIT_SUCCESSION_FROM, unit->key.value);
    pack = sg_record_build_field(build, SG_FIELD_UNIT_SUCCESSION_TO);
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        sg_pack_array(pack, 2);
        sg_pack_uint(pack, edges[i].to.value);
        sg_pack_uint(pack, edges[i].share);
    }
    sg_record_build_uint(build, SG_FIELD_UNIT_SUCCESSION_AT, unit->until.ymd);
    sg_record_build_str(build, SG_FIELD_UNIT_SUCCESSION_ACT, edges[0].act);
    sg_record_build_uint(build, SG_FIELD_UNIT_SUCCESSION_PROOF,
                         edges[0].is_proven);
}
