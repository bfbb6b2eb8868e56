import { Interface } from 'ethers'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { paratiiRegistryAbi } from './bindings/paratii-registry.ts'
import { addressValue, callContract } from './call.ts'

/** Where the contracts of a deployment are. */
export type ContractAddresses = {
  readonly registry: Address
  readonly token: Address
  readonly videoRegistry: Address
  readonly userRegistry: Address
  readonly videoStore: Address
}

/** The names under which ParatiiRegistry has them. */
export const contractNames = {
  token: 'ParatiiToken',
  videoRegistry: 'VideoRegistry',
  userRegistry: 'UserRegistry',
  videoStore: 'VideoStore',
} as const

export const zeroAddress = '0x0000000000000000000000000000000000000000' as Address

/** Looks all contracts up in a registry. `chain-mismatch` if it is no registry of Paratii or lacks one of them. */
export const lookUpAddresses = async (
  rpc: JsonRpc,
  registry: Address,
  signal?: AbortSignal,
): Promise<ContractAddresses> => {
  const contract = { address: registry, abi: new Interface(paratiiRegistryAbi) }
  const lookUp = async (name: string): Promise<Address> => {
    const address = await callContract(rpc, contract, 'addressOf', [name], addressValue, signal)
    if (address === zeroAddress) throw new ParatiiError('chain-mismatch', { missing: name })
    return address
  }
  const [token, videoRegistry, userRegistry, videoStore] = await Promise.all([
    lookUp(contractNames.token),
    lookUp(contractNames.videoRegistry),
    lookUp(contractNames.userRegistry),
    lookUp(contractNames.videoStore),
  ])
  return { registry, token, videoRegistry, userRegistry, videoStore }
}
