import { type Detection, detectMatches } from './detection.ts';

/** `user:password` between a scheme and an `@`. The last `@` counts: passwords are not always encoded. */
const USER_INFO =
  /(?<=\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@:"'<>[\]]{0,100}:[^\s/?#"'<>[\]]{1,200}(?=@)/gi;

/** User names with passwords in addresses of web sites, databases and queues. */
export function detectUrlCredentials(text: string): Detection[] {
  return detectMatches(text, USER_INFO, (value) => value);
}
