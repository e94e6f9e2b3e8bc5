/** Why a code was not accepted: the refusals of spec/code-format.md, and nothing else ever comes out of a reading. */

export type RefusalCode = "unreadable" | "update_needed" | "wrong_region" | "forged" | "expired" | "not_yet" | "foreign_place";

export class Refusal extends Error {
  constructor(readonly code: RefusalCode) {
    super(code);
  }

  /** What a check answers for it (spec/outcomes.md). */
  get outcome(): "failed" | "forged" | "expired" {
    if (this.code === "forged" || this.code === "foreign_place") return "forged";
    return this.code === "expired" || this.code === "not_yet" ? "expired" : "failed";
  }
}
