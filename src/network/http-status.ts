import { familyOf } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'

const statuses: Partial<Record<ErrorCode, number>> = {
  'payment-required': 402,
  'purchase-unknown': 402,
  'signature-invalid': 403,
  'request-replayed': 403,
  'request-expired': 403,
  'not-listed': 403,
  'video-unknown': 404,
  'not-replicated': 404,
  'block-absent': 404,
  'path-unknown': 404,
  'purchase-ended': 410,
  'rate-limited': 429,
}

/** The HTTP status that goes with a code in an answer of the data plane. */
export const statusOf = (code: ErrorCode): number => {
  const family = familyOf(code)
  return statuses[code] ?? { Malformed: 400, Rejected: 403, Unavailable: 503, Fault: 500 }[family]
}
