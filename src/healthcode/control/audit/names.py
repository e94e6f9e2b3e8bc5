"""The closed list of audit events, `who:what:did`. A service writes exactly one, in its own transaction."""

from __future__ import annotations

from enum import StrEnum


class EventName(StrEnum):
    """Every act that leaves a trace. Those in `LEDGERED` also leave a leaf."""

    RESIDENT_APPLIED = "resident:application:accepted"
    RESIDENT_REFUSED = "resident:application:refused"
    RESIDENT_SIGNED_IN = "resident:session:opened"
    RESIDENT_WITHDREW = "resident:consent:withdrawn"
    OFFICER_SIGNED_IN = "officer:session:opened"
    OFFICER_SIGNED_OUT = "officer:session:closed"
    LEADS_IMPORTED = "province:leads:imported"
    RESULTS_IMPORTED = "laboratory:results:imported"
    ARRIVALS_IMPORTED = "border:arrivals:imported"
    VACCINATIONS_IMPORTED = "clinic:vaccinations:imported"
    STATUSES_IMPORTED = "platform:statuses:imported"
    IMPORT_REFUSED = "officer:import:refused"
    IMPORT_CANCELLED = "officer:import:cancelled"
    ROLLBACK_REQUESTED = "officer:rollback:requested"
    ROLLBACK_APPROVED = "province:rollback:approved"
    ROLLBACK_RETURNED = "province:rollback:returned"
    BATCH_ROLLED_BACK = "system:batch:rolled_back"
    LEAD_ACCEPTED = "county:lead:accepted"
    LEAD_HANDED_BACK = "county:lead:handed_back"
    LEAD_ROUTED = "province:lead:routed"
    DETERMINATION_PROPOSED = "county:determination:proposed"
    DETERMINATION_APPROVED = "county:determination:approved"
    DETERMINATION_RETURNED = "county:determination:returned"
    DECISION_MADE = "system:decision:made"
    COLOR_RELEASED = "system:color:released"
    COLOR_HELD = "system:color:held"
    COLOR_TURNED = "system:color:turned"
    TIMELINE_DIFFERS = "system:timeline:differs"
    NOTICE_TOLD = "county:notice:told"
    NOTICE_CHOICE = "resident:notice:chosen"
    IDENTITY_UNMASKED = "officer:identity:unmasked"
    AREA_PROPOSED = "county:area:proposed"
    AREA_APPROVED = "city:area:approved"
    AREA_RETURNED = "city:area:returned"
    AREA_LEVEL_RULED = "system:area_level:ruled"
    AREA_RESIDENTS_RECORDED = "system:area_residents:recorded"
    AREA_RESIDENTS_RESCINDED = "system:area_residents:rescinded"
    RULES_DRAFTED = "rules:draft:made"
    RULES_REVISED = "rules:draft:revised"
    RULES_CHECKED = "rules:draft:checked"
    RULES_REHEARSAL_ASKED = "rules:rehearsal:asked"
    RULES_REHEARSED = "rules:rehearsal:finished"
    RULES_SUBMITTED = "rules:ruleset:submitted"
    RULES_PUBLISHED = "rules:ruleset:published"
    RULES_STOP_ASKED = "rules:stop:submitted"
    RULES_STOPPED = "rules:ruleset:stopped"
    RULES_RETURNED = "rules:submission:returned"
    RULES_FOLLOWED = "rules:population:derived"
    PAPER_ISSUED = "resident:paper:issued"
    PAPER_RECALLED = "resident:paper:recalled"
    RECALL_ASKED = "office:recall:asked"
    RECALL_APPROVED = "province:recall:approved"
    RECALL_RETURNED = "province:recall:returned"
    RECALL_DONE = "system:recall:done"
    VENUE_REGISTERED = "manager:venue:registered"
    VENUE_APPROVED = "county:venue:approved"
    VENUE_REFUSED = "county:venue:refused"
    VENUE_SUSPENDED = "county:venue:suspended"
    VENUE_RESUMED = "county:venue:resumed"
    CHECKPOINT_ADDED = "manager:checkpoint:added"
    INSPECTOR_APPOINTED = "manager:inspector:appointed"
    INSPECTOR_ACCEPTED = "inspector:appointment:accepted"
    INSPECTOR_RENEWED = "inspector:session:renewed"
    INSPECTOR_DEVICE_CHANGED = "inspector:device:changed"
    INSPECTOR_DISMISSED = "manager:inspector:dismissed"
    POPULATION_RUN_ASKED = "officer:population_run:asked"
    POPULATION_RUN_FINISHED = "system:population_run:finished"
    EDGE_ENROLLED = "system:edge:enrolled"
    EDGE_STRUCK = "operator:edge:struck_off"
    DOCUMENT_HOST_ENROLLED = "operator:document_host:enrolled"
    DOCUMENT_HOST_STRUCK = "operator:document_host:struck_off"
    DOCUMENT_KEY_BEGUN = "system:document_key:begun"
    DOCUMENT_KEY_RETIRED = "system:document_key:retired"
    DOCUMENT_LIMIT_REACHED = "inspector:document_limit:reached"
    POLICY_PROPOSED = "office:check_policy:proposed"
    POLICY_APPROVED = "office:check_policy:approved"
    POLICY_RETURNED = "office:check_policy:returned"
    POLICY_ENDED = "office:check_policy:ended"
    VISITS_FORGOTTEN = "system:visits:forgotten"
    DEMO_SEEDED = "system:demo:seeded"


LEDGERED = frozenset(
    {
        EventName.LEADS_IMPORTED,
        EventName.ARRIVALS_IMPORTED,
        EventName.RESULTS_IMPORTED,
        EventName.VACCINATIONS_IMPORTED,
        EventName.STATUSES_IMPORTED,
        EventName.ROLLBACK_APPROVED,
        EventName.BATCH_ROLLED_BACK,
        EventName.DETERMINATION_APPROVED,
        EventName.AREA_APPROVED,
        EventName.AREA_LEVEL_RULED,
        EventName.AREA_RESIDENTS_RECORDED,
        EventName.AREA_RESIDENTS_RESCINDED,
        EventName.RULES_PUBLISHED,
        EventName.RULES_STOPPED,
        EventName.DECISION_MADE,
        EventName.IDENTITY_UNMASKED,
        EventName.EDGE_ENROLLED,
        EventName.EDGE_STRUCK,
        EventName.DOCUMENT_HOST_ENROLLED,
        EventName.DOCUMENT_HOST_STRUCK,
        EventName.POLICY_APPROVED,
        EventName.POLICY_ENDED,
        EventName.RECALL_APPROVED,
        EventName.RECALL_DONE,
    }
)
