import { Interface, type InterfaceAbi } from 'ethers'
import type { Address, Hex } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { type ContractAddresses, contractNames } from './addresses.ts'
import { paratiiRegistryAbi } from './bindings/paratii-registry.ts'
import { paratiiRegistryBytecode } from './bindings/paratii-registry-bytecode.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { paratiiTokenBytecode } from './bindings/paratii-token-bytecode.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { userRegistryBytecode } from './bindings/user-registry-bytecode.ts'
import { videoRegistryAbi } from './bindings/video-registry.ts'
import { videoRegistryBytecode } from './bindings/video-registry-bytecode.ts'
import { videoStoreAbi } from './bindings/video-store.ts'
import { videoStoreBytecode } from './bindings/video-store-bytecode.ts'
import type { Sender } from './sender.ts'

export type Deployment = {
  /** Seconds from a request to close to the end of an escrow; for ever. */
  readonly periodSeconds: number
  /** Who receives the whole supply of PTI. Default: the sender. */
  readonly holder?: Address
}

/** Deploys all contracts; the sender owns the registry, which then knows them. */
export const deployContracts = async (
  sender: Sender,
  deployment: Deployment,
  signal?: AbortSignal,
): Promise<ContractAddresses> => {
  const create = async (abi: InterfaceAbi, bytecode: string, args: readonly unknown[]): Promise<Address> => {
    const encoded = new Interface(abi).encodeDeploy(args)
    const { contractAddress, hash } = await sender.send(
      { data: `${bytecode}${encoded.slice(2)}` as Hex },
      signal,
    )
    if (contractAddress === undefined) throw new ParatiiError('transaction-failed', { hash })
    return contractAddress
  }
  const registry = await create(paratiiRegistryAbi, paratiiRegistryBytecode, [sender.address])
  const token = await create(paratiiTokenAbi, paratiiTokenBytecode, [deployment.holder ?? sender.address])
  const videoRegistry = await create(videoRegistryAbi, videoRegistryBytecode, [registry])
  const userRegistry = await create(userRegistryAbi, userRegistryBytecode, [])
  const storeArguments = [token, videoRegistry, registry, deployment.periodSeconds]
  const videoStore = await create(videoStoreAbi, videoStoreBytecode, storeArguments)

  const addresses = { token, videoRegistry, userRegistry, videoStore }
  const abi = new Interface(paratiiRegistryAbi)
  for (const key of ['token', 'videoRegistry', 'userRegistry', 'videoStore'] as const) {
    const data = abi.encodeFunctionData('setAddress', [contractNames[key], addresses[key]]) as Hex
    await sender.send({ to: registry, data }, signal)
  }
  return { registry, ...addresses }
}
