import { Interface } from 'ethers'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { paratiiRegistryAbi } from './bindings/paratii-registry.ts'
import { addressValue, callContract } from './call.ts'

/** The names under which ParatiiRegistry has the contracts. */
export const contractNames = {
  token: 'ParatiiToken',
  videoRegistry: 'VideoRegistry',
  videoStore: 'VideoStore',
  userRegistry: 'UserRegistry',
  paymentChannels: 'PaymentChannels',
  campaigns: 'Campaigns',
  avatar: 'ParatiiAvatar',
  checkpoints: 'Checkpoints',
  sendEther: 'SendEther',
} as const

/** A contract that a registry knows. */
export type ContractKey = keyof typeof contractNames
export const contractKeys = Object.keys(contractNames) as readonly ContractKey[]

/** Where the contracts of a deployment are. */
export type ContractAddresses = Readonly<Record<ContractKey | 'registry', Address>>

export const zeroAddress = '0x0000000000000000000000000000000000000000' as Address

/** What a registry has under a name; `undefined` if nothing. `chain-mismatch` if it is no registry of Paratii. */
export const lookUpAddress = async (
  rpc: JsonRpc,
  registry: Address,
  name: string,
  signal?: AbortSignal,
): Promise<Address | undefined> => {
  const contract = { address: registry, abi: new Interface(paratiiRegistryAbi) }
  const address = await callContract(rpc, contract, 'addressOf', [name], addressValue, signal)
  return address === zeroAddress ? undefined : address
}

/** Looks all contracts up in a registry. `chain-mismatch` if it is no registry of Paratii or lacks one of them. */
export const lookUpAddresses = async (
  rpc: JsonRpc,
  registry: Address,
  signal?: AbortSignal,
): Promise<ContractAddresses> => {
  const lookUp = async (key: ContractKey): Promise<Address> => {
    const address = await lookUpAddress(rpc, registry, contractNames[key], signal)
    if (address === undefined) throw new ParatiiError('chain-mismatch', { missing: contractNames[key] })
    return address
  }
  const [
    token,
    videoRegistry,
    videoStore,
    userRegistry,
    paymentChannels,
    campaigns,
    avatar,
    checkpoints,
    sendEther,
  ] = await Promise.all([
    lookUp('token'),
    lookUp('videoRegistry'),
    lookUp('videoStore'),
    lookUp('userRegistry'),
    lookUp('paymentChannels'),
    lookUp('campaigns'),
    lookUp('avatar'),
    lookUp('checkpoints'),
    lookUp('sendEther'),
  ])
  return {
    registry,
    token,
    videoRegistry,
    videoStore,
    userRegistry,
    paymentChannels,
    campaigns,
    avatar,
    checkpoints,
    sendEther,
  }
}
