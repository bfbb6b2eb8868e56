import type { Address, Hex } from '#std/brand.ts'
import type { TypedAsked } from './typed-request.ts'

/** What a transaction does, as far as its data tells. Amounts in base units of whatever the token counts. */
export type CallMeaning =
  | { readonly does: 'send-ether' }
  | { readonly does: 'create-contract' }
  | { readonly does: 'transfer'; readonly to: Address; readonly amount: bigint }
  | { readonly does: 'transfer-from'; readonly from: Address; readonly to: Address; readonly amount: bigint }
  /** `amount` 0 takes a permission back. */
  | { readonly does: 'approve'; readonly spender: Address; readonly amount: bigint }
  | { readonly does: 'approve-all'; readonly operator: Address; readonly allowed: boolean }
  | { readonly does: 'call'; readonly selector: Hex }

/** From so much on an allowance is for everything, whatever its exact number. */
const unlimited = 1n << 128n
export const isUnlimited = (amount: bigint): boolean => amount >= unlimited

/** Reads the calls that move tokens or let others move them; anything else is a call of unknown meaning. */
export function readCall(to: Address | undefined, data: Hex): CallMeaning {
  if (to === undefined) return { does: 'create-contract' }
  if (data === '0x') return { does: 'send-ether' }
  const selector = data.slice(0, 10) as Hex
  const words = data.slice(10).match(/.{64}/g) ?? []
  const [first, second, third] = words
  const isExact = data.length === 10 + 64 * words.length
  if (isExact && words.length === 2 && first !== undefined && second !== undefined) {
    const [address, amount] = [addressOf(first), BigInt(`0x${second}`)]
    if (address !== undefined) {
      if (selector === '0xa9059cbb') return { does: 'transfer', to: address, amount }
      if (selector === '0x095ea7b3' || selector === '0x39509351')
        return { does: 'approve', spender: address, amount }
      if (selector === '0xa22cb465') return { does: 'approve-all', operator: address, allowed: amount !== 0n }
    }
  }
  if (isExact && words.length === 3 && selector === '0x23b872dd') {
    const [from, receiver] = [addressOf(first), addressOf(second)]
    if (from !== undefined && receiver !== undefined)
      return { does: 'transfer-from', from, to: receiver, amount: BigInt(`0x${third}`) }
  }
  return { does: 'call', selector }
}

/** Typed data that lets somebody move money by itself, by the names that tokens and markets give it. */
const movingTypes =
  /^(?:Permit|PermitSingle|PermitBatch|PermitTransferFrom|PermitBatchTransferFrom|(?:Transfer|Receive)WithAuthorization|Order|OrderComponents|BulkOrder|MetaTransaction|ForwardRequest|SafeTx|Delegation)$/i
const movingFields = /(?:^|\.)(?:spender|operator|allowed|allowance|value|amount|price|recipient|to)(?:$|\[)/i

/** Whether a contract could move what the account holds by a signature under this. When in doubt it could. */
export const couldMoveMoney = ({ primaryType, domain, fields }: TypedAsked): boolean =>
  movingTypes.test(primaryType) ||
  (domain.verifyingContract !== undefined && fields.some(({ path }) => movingFields.test(path)))

const addressOf = (word: string | undefined): Address | undefined =>
  word?.startsWith('0'.repeat(24)) ? (`0x${word.slice(24).toLowerCase()}` as Address) : undefined
