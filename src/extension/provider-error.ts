import { ParatiiError } from '#std/error.ts'

/** An error as EIP-1193 and EIP-1474 number them, with a text that tells a developer what to do. */
export class ProviderError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export const userRejected = (): ProviderError => new ProviderError(4001, 'The user rejected the request.')
export const unauthorized = (
  why = 'This site is not connected. Call eth_requestAccounts first.',
): ProviderError => new ProviderError(4100, why)
export const unsupported = (method: string): ProviderError =>
  new ProviderError(4200, `The wallet does not support ${method}.`)
export const chainMissing = (): ProviderError =>
  new ProviderError(4902, 'The wallet does not know this chain. Try wallet_addEthereumChain first.')
export const malformed = (what = 'The parameters are not those of this method.'): ProviderError =>
  new ProviderError(-32602, what)
export const alreadyPending = (): ProviderError =>
  new ProviderError(-32002, 'A request of this site is waiting for the user already.')
export const limitExceeded = (): ProviderError =>
  new ProviderError(-32005, 'Too many requests. Try again in a moment.')

/** What a page is told of anything that was thrown: never more than its code says. */
export function providerErrorOf(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown
  if (!(thrown instanceof ParatiiError))
    return new ProviderError(-32603, 'Something went wrong in the wallet.')
  const { code, details } = thrown
  if (code === 'wallet-locked' || code === 'wallet-absent') return unauthorized('The wallet is locked.')
  if (code === 'not-permitted') return unauthorized('The wallet signs this for nobody but itself.')
  if (code === 'request-malformed') return malformed()
  if (code === 'cid-malformed' || code === 'range-invalid') return malformed()
  // EIP-1474: what was asked for is not to be had, whoever has it.
  if (code === 'path-unknown' || code === 'block-absent' || code === 'directory-malformed')
    return new ProviderError(-32001, `This cannot be read (${code}).`)
  if (code === 'chain-unreachable') return new ProviderError(4901, 'The chain cannot be reached.')
  if (code === 'transaction-failed')
    return new ProviderError(
      typeof details.rpcCode === 'number' ? details.rpcCode : -32603,
      String(details.message ?? 'The chain refused.').slice(0, 300),
    )
  return new ProviderError(-32603, 'Something went wrong in the wallet.')
}
