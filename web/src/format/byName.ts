/** Names as people count: agent-2 before agent-10. */
export const byName = new Intl.Collator("en", { numeric: true }).compare;
