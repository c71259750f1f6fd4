/* The verbs of sogoc. Each is a file verb_<name>.c with a function and a page
 * of help, and a row of the table in sogoc.c.
 *
 * To add one: write the file, name it here, in the table and in CMakeLists.txt;
 * the test of the examples runs its example as the page prints it.
 */
#ifndef SG_TOOLS_VERB_H
#define SG_TOOLS_VERB_H

#include "tools/cli.h"

/* What --help says after a verb. */
struct sg_verb_page {
    const char *usage;    /* what stands after the name */
    const char *text[2];  /* by enum sg_lang; ends with a newline */
    const char *examples; /* shell lines that run one after the other */
};

/* Does what the verb says with the words after its name; returns the exit
 * code. */
typedef int sg_verb_run(struct sg_cli *cli, struct sg_cli_words words);

sg_verb_run sg_verb_init, sg_verb_submit, sg_verb_logs, sg_verb_log_show,
    sg_verb_log_export, sg_verb_prove, sg_verb_check_proof, sg_verb_verify,
    sg_verb_backup, sg_verb_synth, sg_verb_nodes, sg_verb_join, sg_verb_admit,
    sg_verb_revoke, sg_verb_heartbeat, sg_verb_unit_publish, sg_verb_scope_list,
    sg_verb_scope_issue, sg_verb_scope_rotate, sg_verb_officer_new,
    sg_verb_officer_add, sg_verb_officer_list, sg_verb_officer_suspend,
    sg_verb_lift, sg_verb_rotate, sg_verb_key_backup, sg_verb_slip,
    sg_verb_hand_in, sg_verb_import, sg_verb_invite, sg_verb_bundle_make,
    sg_verb_bundle_take, sg_verb_bundle_show, sg_verb_campaign_create,
    sg_verb_campaign_freeze, sg_verb_campaign, sg_verb_quality,
    sg_verb_conflicts, sg_verb_decide, sg_verb_cut, sg_verb_status,
    sg_verb_unlock, sg_verb_lock, sg_verb_find, sg_verb_permit, sg_verb_export,
    sg_verb_person, sg_verb_audit, sg_verb_restore, sg_verb_unit_rehome,
    sg_verb_repair, sg_verb_peers, sg_verb_forks, sg_verb_statement,
    sg_verb_config_check, sg_verb_view_rebuild, sg_verb_diff, sg_verb_pin_lease,
    sg_verb_endorse, sg_verb_erase, sg_verb_erase_list, sg_verb_dossier;

extern const struct sg_verb_page sg_verb_init_page, sg_verb_submit_page,
    sg_verb_logs_page, sg_verb_log_show_page, sg_verb_log_export_page,
    sg_verb_prove_page, sg_verb_check_proof_page, sg_verb_verify_page,
    sg_verb_backup_page, sg_verb_synth_page, sg_verb_nodes_page,
    sg_verb_join_page, sg_verb_admit_page, sg_verb_revoke_page,
    sg_verb_heartbeat_page, sg_verb_unit_publish_page, sg_verb_scope_list_page,
    sg_verb_scope_issue_page, sg_verb_scope_rotate_page,
    sg_verb_officer_new_page, sg_verb_officer_add_page,
    sg_verb_officer_list_page, sg_verb_officer_suspend_page, sg_verb_lift_page,
    sg_verb_rotate_page, sg_verb_key_backup_page, sg_verb_slip_page,
    sg_verb_hand_in_page, sg_verb_import_page, sg_verb_invite_page,
    sg_verb_bundle_make_page, sg_verb_bundle_take_page,
    sg_verb_bundle_show_page, sg_verb_campaign_create_page,
    sg_verb_campaign_freeze_page, sg_verb_campaign_page, sg_verb_quality_page,
    sg_verb_conflicts_page, sg_verb_decide_page, sg_verb_cut_page,
    sg_verb_status_page, sg_verb_unlock_page, sg_verb_lock_page,
    sg_verb_find_page, sg_verb_permit_page, sg_verb_export_page,
    sg_verb_person_page, sg_verb_audit_page, sg_verb_restore_page,
    sg_verb_repair_page, sg_verb_unit_rehome_page, sg_verb_peers_page,
    sg_verb_forks_page, sg_verb_statement_page, sg_verb_config_check_page,
    sg_verb_view_rebuild_page, sg_verb_diff_page, sg_verb_pin_lease_page,
    sg_verb_endorse_page, sg_verb_erase_page, sg_verb_erase_list_page,
    sg_verb_dossier_page;

/* Says whether there is a node whose status can be shown: then sogoc without a
 * verb shows it. */
bool sg_verb_status_has_node(const struct sg_cli *cli);

#endif
