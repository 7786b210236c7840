import {
  type CountryCode,
  findPhoneNumbersInText,
  isSupportedCountry,
} from 'libphonenumber-js/max';

import { type Detection, standsAlone } from './detection.ts';

export type { CountryCode };
export { isSupportedCountry };

/** The finder takes what follows a comma for an extension, and so bites the head off the next number in a list. */
const NO_COMMA = '\uFFFC';

/** Valid phone numbers. Without a default country only numbers that begin with `+` can be told. */
export function detectPhones(text: string, defaultCountry: CountryCode | undefined): Detection[] {
  const listed = text.replaceAll(',', NO_COMMA);
  return findPhoneNumbersInText(listed, defaultCountry === undefined ? {} : { defaultCountry })
    .map(({ startsAt, endsAt, number }) => ({
      start: startsAt,
      end: endsAt,
      key: `${number.number}${number.ext === undefined ? '' : `x${number.ext}`}`,
    }))
    .filter((detection) => standsAlone(text, detection));
}
