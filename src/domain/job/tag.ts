/** What a job's tag may be, and so what a budget may count by: its length in characters, and which ones it has. */
export const TAG_CHARACTERS_MAX = 64;
/** Tags are printed: in tables, in CSV, on terminals that obey control characters. */
export const TAG_CHARACTERS = /^\P{Cc}*$/u;
