import { detectAssignments } from './assignment.ts';
import { type Detection, detectMatches, mergeDetections, withoutTail } from './detection.ts';
import { detectPrivateKeys } from './pem.ts';
import { entropyBits, hasDigitAndLetter, isMixedCase } from './randomness.ts';

/** Beginnings that issuers give their keys so that they can be found. The rest is letters and digits. */
const PREFIXES = [
  'sk-(?:proj|svcacct|admin|ant|or|lf)-',
  'gh[pousr]_',
  'github_pat_',
  'gl(?:pat|oas|dt|rt|ptt|cbt|ft|imt|agent)-',
  'xox[abceoprs]-',
  'xapp-',
  'xwfp-',
  '[sr]k_(?:live|test)_',
  'whsec_',
  'npm_',
  'pypi-',
  'rubygems_',
  'hf_',
  'gsk_',
  'r8_',
  'xai-',
  'pplx-',
  'nvapi-',
  'tvly-',
  'shp(?:at|ca|pa|ss)_',
  'lin_api_',
  'ntn_',
  'figd_',
  'dop_v1_',
  'dckr_pat_',
  'vc[pickar]_',
  'hv[sbr]\\.',
  'glsa_',
  'glc_',
  'ops_eyJ',
  'SG\\.',
  'PMAK-',
  'sq0(?:atp|csp|idp)-',
  'GOCSPX-',
  'ya29\\.',
  'sbp_',
  'tskey-',
  'dapi(?=[0-9a-f])',
  'AGE-SECRET-KEY-1',
];

type Rule = { readonly pattern: RegExp; readonly isSecret?: (value: string) => boolean };

const rules: readonly Rule[] = [
  {
    pattern: new RegExp(`(?<![A-Za-z0-9])(?:${PREFIXES.join('|')})[A-Za-z0-9_.-]{16,}`, 'g'),
    isSecret: (value) => hasDigitAndLetter(value) || entropyBits(value) >= 4,
  },
  // OpenAI's first format and everyone who copied it; words parted by hyphens are no key.
  {
    pattern: /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}/g,
    isSecret: (value) => isMixedCase(value) || (value.match(/\d/g)?.length ?? 0) >= 4,
  },
  // Amazon: key ids, and the 40 characters of the secret that goes with one.
  {
    pattern:
      /(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  },
  {
    pattern: /(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g,
    isSecret: (value) => isMixedCase(value) && entropyBits(value) >= 4.3,
  },
  // Google.
  { pattern: /(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g },
  // JSON Web Tokens.
  { pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*/g },
  // Addresses that let anyone post.
  { pattern: /https:\/\/hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{16,}/g },
  { pattern: /https:\/\/discord(?:app)?\.com\/api\/webhooks\/\d{5,25}\/[A-Za-z0-9_-]{16,}/g },
  // Telegram bots, Twilio, Mailgun, Azure.
  {
    pattern: /(?<![A-Za-z0-9])\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g,
    isSecret: isMixedCase,
  },
  { pattern: /(?<![A-Za-z0-9])(?:SK|key-)[0-9a-f]{32}(?![A-Za-z0-9])/g },
  { pattern: /(?<=(?:AccountKey|SharedAccessKey|[?&]sig)=)[A-Za-z0-9+/%]{20,}={0,2}/g },
  // What HTTP clients send.
  { pattern: /(?<=\bBearer[ \t]{1,4})[A-Za-z0-9._~+/-]{16,}=*/gi, isSecret: hasDigitAndLetter },
  { pattern: /(?<=\bBasic[ \t]{1,4})[A-Za-z0-9+/]{8,2000}={0,2}/gi, isSecret: isUserAndPassword },
];

/** Keys, tokens, private keys, and values given to names such as `password`. */
export function detectSecrets(text: string): Detection[] {
  return mergeDetections(text, [
    ...detectPrivateKeys(text),
    ...rules.flatMap((rule) => applyRule(text, rule)),
    ...detectAssignments(text),
  ]);
}

function applyRule(text: string, { pattern, isSecret }: Rule): Detection[] {
  return detectMatches(text, pattern, (value) =>
    isSecret === undefined || isSecret(value) ? value : null,
  ).map(({ start, key }) => {
    const trimmed = withoutTail(key);
    return { start, end: start + trimmed.length, key: trimmed };
  });
}

/** Base64 of `user:password`, as basic authentication sends it. */
function isUserAndPassword(value: string): boolean {
  try {
    return atob(value).includes(':');
  } catch {
    return false;
  }
}
