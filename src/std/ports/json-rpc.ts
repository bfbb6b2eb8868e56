/** An Ethereum node. Adapters throw ParatiiError: `chain-unreachable`, or `transaction-failed` for its refusals. */
export interface JsonRpc {
  /** The `result` of a call (EIP-1474), not yet parsed. */
  request(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown>
}
