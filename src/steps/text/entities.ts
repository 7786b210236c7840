import { detectCards } from './detect/card.ts';
import { detectCryptoAddresses } from './detect/crypto-address.ts';
import type { Detection } from './detect/detection.ts';
import { detectEmails } from './detect/email.ts';
import { detectIbans } from './detect/iban.ts';
import { detectIpAddresses } from './detect/ip-address.ts';
import { type CountryCode, detectPhones } from './detect/phone.ts';
import { detectSecrets } from './detect/secret.ts';
import { detectSsns } from './detect/ssn.ts';
import { detectUrlCredentials } from './detect/url-credentials.ts';

export type DetectOptions = { readonly defaultCountry: CountryCode | undefined };

/**
 * What can be redacted. Names are on the wire: append, never rename. The order is that of looking: what is surest
 * and longest first, since a part of a key may look like a phone number, and never the other way round.
 */
export const entities = [
  'url_credentials',
  'secret',
  'crypto_address',
  'email',
  'iban',
  'credit_card',
  'ssn',
  'ip_address',
  'phone',
] as const;
export type Entity = (typeof entities)[number];

export const detectors = {
  url_credentials: detectUrlCredentials,
  secret: detectSecrets,
  crypto_address: detectCryptoAddresses,
  email: detectEmails,
  iban: detectIbans,
  credit_card: detectCards,
  ssn: detectSsns,
  ip_address: detectIpAddresses,
  phone: (text, { defaultCountry }) => detectPhones(text, defaultCountry),
} as const satisfies Record<Entity, (text: string, options: DetectOptions) => readonly Detection[]>;
