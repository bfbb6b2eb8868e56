/** Base units in one PTI: amounts are counted in them, as bigint (`xWei`). */
export const weiPerPti = 10n ** 18n

const decimals = 18
const weiPattern = /^(?:0|[1-9][0-9]{0,77})$/
const ptiPattern = /^(?:0|[1-9][0-9]{0,59})(?:\.[0-9]{1,18})?$/

/** An amount as it stands in documents and stores: base units in decimal digits. */
export const textFromWei = (amountWei: bigint): string => amountWei.toString()

/** Base units from decimal digits without sign or leading zeros; `undefined` if it is anything else. */
export const parseWei = (text: string): bigint | undefined =>
  weiPattern.test(text) ? BigInt(text) : undefined

/** Base units from what a person writes, such as `0.25`; `undefined` if it is not such a number. */
export const parsePti = (text: string): bigint | undefined => {
  if (!ptiPattern.test(text)) return undefined
  const [whole = '0', part = ''] = text.split('.')
  return BigInt(whole) * weiPerPti + BigInt(part.padEnd(decimals, '0'))
}

/** All digits of an amount in PTI, such as `0.25`. */
export const ptiFromWei = (amountWei: bigint): string => {
  const sign = amountWei < 0n ? '-' : ''
  const size = amountWei < 0n ? -amountWei : amountWei
  const part = (size % weiPerPti).toString().padStart(decimals, '0').replace(/0+$/, '')
  return `${sign}${size / weiPerPti}${part === '' ? '' : `.${part}`}`
}

/**
 * An amount in PTI as people read it: 4 significant decimals, cut and never rounded up, so that nothing is
 * shown that is not there. `1.2345`, `0.02`, `0.00001234`; whole numbers keep all their digits.
 */
export const formatPti = (amountWei: bigint): string => {
  const text = ptiFromWei(amountWei)
  const dot = text.indexOf('.')
  if (dot < 0) return text
  const whole = text.slice(0, dot)
  const part = text.slice(dot + 1)
  const lead = whole === '0' || whole === '-0' ? part.search(/[1-9]/) : 0
  const kept = part.slice(0, lead + 4).replace(/0+$/, '')
  return kept === '' ? whole : `${whole}.${kept}`
}
