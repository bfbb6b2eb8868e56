import { bytesPerGigabyte } from '#daemon/settings.ts'
import { ParatiiError } from '#std/error.ts'

/** Fees are 64 bits of base units a byte on chain. */
const maxFeeWeiPerByte = 2n ** 64n - 1n

/** Base units a byte from what people say, PTI per GB (10^9 bytes). `usage-invalid` if it is no whole number of them. */
export const feeWeiPerByte = (feePerGbWei: bigint): bigint => {
  const fee = feePerGbWei / bytesPerGigabyte
  if (fee * bytesPerGigabyte !== feePerGbWei || fee > maxFeeWeiPerByte)
    throw new ParatiiError('usage-invalid', {
      advice: 'A fee in PTI/GB has at most 9 decimals and is below 18,446,744,073.',
    })
  return fee
}

/** Base units for a GB. */
export const feePerGigabyteWei = (feeWei: bigint): bigint => feeWei * bytesPerGigabyte
