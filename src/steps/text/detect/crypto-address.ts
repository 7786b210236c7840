import { type Detection, detectMatches } from './detection.ts';
import { sha256 } from './sha256.ts';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** Bitcoin's first formats, and those of the chains that copied them: Litecoin, Dogecoin, Tron. */
const BASE58_ADDRESS = /(?<![\p{L}\p{N}_])[13LMDT][1-9A-HJ-NP-Za-km-z]{24,34}(?![\p{L}\p{N}_])/gu;
const BECH32_ADDRESS =
  /(?<![\p{L}\p{N}_])(?:bc|tb|ltc|addr|cosmos|osmo)1[02-9ac-hj-np-z]{38,103}(?![\p{L}\p{N}_])/giu;
const ETHEREUM_ADDRESS = /(?<![\p{L}\p{N}_])0x[0-9a-f]{40}(?![\p{L}\p{N}_])/giu;

const VERSION_AND_HASH_BYTES = 21;
const BECH32_SUM = 1;
const BECH32M_SUM = 0x2bc830a3;
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Addresses of crypto currencies, told by their check sums; Ethereum's have none that everyone writes. */
export function detectCryptoAddresses(text: string): Detection[] {
  return [
    ...detectMatches(text, BASE58_ADDRESS, (value) => (hasBase58Sum(value) ? value : null)),
    ...detectMatches(text, BECH32_ADDRESS, bech32Key),
    ...detectMatches(text, ETHEREUM_ADDRESS, (value) => value.toLowerCase()),
  ].toSorted((a, b) => a.start - b.start);
}

/** The last four of 25 bytes are the head of the double hash of the others. */
function hasBase58Sum(address: string): boolean {
  let value = 0n;
  for (const character of address) value = value * 58n + BigInt(BASE58.indexOf(character));
  const hex = value.toString(16).padStart(50, '0');
  if (hex.length > 50) return false;
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const sum = sha256(sha256(bytes.subarray(0, VERSION_AND_HASH_BYTES)));
  return bytes.subarray(VERSION_AND_HASH_BYTES).every((byte, index) => byte === sum[index]);
}

function bech32Key(address: string): string | null {
  const key = address.toLowerCase();
  const isOneCase = address === key || address === address.toUpperCase();
  const sum = bech32Sum(key);
  return isOneCase && (sum === BECH32_SUM || sum === BECH32M_SUM) ? key : null;
}

function bech32Sum(address: string): number {
  const separator = address.indexOf('1');
  const prefix = Array.from(address.slice(0, separator), (character) => character.charCodeAt(0));
  const data = Array.from(address.slice(separator + 1), (character) => BECH32.indexOf(character));
  const values = [
    ...prefix.map((code) => code >> 5),
    0,
    ...prefix.map((code) => code & 31),
    ...data,
  ];
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of GENERATORS.entries()) {
      if (((top >>> bit) & 1) === 1) sum ^= generator;
    }
  }
  return sum;
}
