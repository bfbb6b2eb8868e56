import { getCreateAddress, Interface, type InterfaceAbi } from 'ethers'
import * as v from 'valibot'
import type { Address, Hash, Hex } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import {
  type ContractAddresses,
  type ContractKey,
  contractKeys,
  contractNames,
  lookUpAddress,
  lookUpAddresses,
} from './addresses.ts'
import { campaignsAbi } from './bindings/campaigns.ts'
import { campaignsBytecode } from './bindings/campaigns-bytecode.ts'
import { checkpointsAbi } from './bindings/checkpoints.ts'
import { checkpointsBytecode } from './bindings/checkpoints-bytecode.ts'
import { paratiiAvatarAbi } from './bindings/paratii-avatar.ts'
import { paratiiAvatarBytecode } from './bindings/paratii-avatar-bytecode.ts'
import { paratiiRegistryAbi } from './bindings/paratii-registry.ts'
import { paratiiRegistryBytecode } from './bindings/paratii-registry-bytecode.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { paratiiTokenBytecode } from './bindings/paratii-token-bytecode.ts'
import { paymentChannelsAbi } from './bindings/payment-channels.ts'
import { paymentChannelsBytecode } from './bindings/payment-channels-bytecode.ts'
import { sendEtherAbi } from './bindings/send-ether.ts'
import { sendEtherBytecode } from './bindings/send-ether-bytecode.ts'
import { userRegistryAbi } from './bindings/user-registry.ts'
import { userRegistryBytecode } from './bindings/user-registry-bytecode.ts'
import { videoRegistryAbi } from './bindings/video-registry.ts'
import { videoRegistryBytecode } from './bindings/video-registry-bytecode.ts'
import { videoStoreAbi } from './bindings/video-store.ts'
import { videoStoreBytecode } from './bindings/video-store-bytecode.ts'
import { addressValue, callContract, weiValue } from './call.ts'
import type {
  DeployedContract,
  DeployedContracts,
  DeployedName,
  DeploymentJournal,
} from './deployment-journal.ts'
import type { Sender } from './sender.ts'
import { wait } from './wait.ts'

export type Deployment = {
  /** Seconds from a request to close to the end of an escrow, and to answer a channel's close; for ever. */
  readonly periodSeconds: number
  /** Who receives the whole supply of PTI. Default: the sender. */
  readonly holder?: Address
  /** Who shall own registry and avatar, once it accepts. Default: the sender. */
  readonly owner?: Address
  /** Part of each price for redistribution, in 1/10000. Default: as the registry has it. */
  readonly avatarShareBps?: number
  /** Remembers each step, so that a deployment that was interrupted goes on. */
  readonly journal?: DeploymentJournal
  /** A registry that is deployed already: what it has is not deployed again. */
  readonly registry?: Address
}

const pollMs = 1000

type Artifact = { readonly abi: InterfaceAbi; readonly bytecode: string }
type Known = { -readonly [Name in keyof DeployedContracts]: DeployedContracts[Name] }

/**
 * Deploys all contracts that are not deployed yet, registers their addresses, and offers ownership to the owner, who
 * takes it by `acceptOwnership` of both. Done again it goes on where it stopped: where a contract will be is remembered
 * before it is sent, so that none is deployed twice, whenever the program dies. Throws what {@link Sender.send} throws.
 */
export const deployContracts = async (
  rpc: JsonRpc,
  sender: Sender,
  deployment: Deployment,
  signal?: AbortSignal,
): Promise<ContractAddresses> => {
  const { journal } = deployment
  const known: Known = { ...(await journal?.load()) }

  const create = async (
    name: DeployedName,
    artifact: Artifact,
    args: readonly unknown[],
  ): Promise<Address> => {
    const earlier = known[name]
    if (earlier !== undefined && (await wasCreated(rpc, sender.address, earlier, signal)))
      return earlier.address
    const constructorArguments = new Interface(artifact.abi).encodeDeploy(args) as Hex
    const data = `${artifact.bytecode}${constructorArguments.slice(2)}` as Hex
    const remember = async (address: Address, nonce: number): Promise<Address> => {
      known[name] = { address, nonce, constructorArguments }
      await journal?.save(known)
      return address
    }
    const nonce = await countTransactions(rpc, sender.address, 'pending', signal)
    const expected = getCreateAddress({ from: sender.address, nonce }).toLowerCase() as Address
    await remember(expected, nonce)
    const { contractAddress, hash } = await sender.send({ data }, signal)
    if (contractAddress === undefined) throw new ParatiiError('transaction-failed', { hash })
    // Another program that sends from the same account may have come in between.
    return contractAddress === expected ? expected : remember(contractAddress, nonce)
  }

  const registry =
    deployment.registry ??
    (await create('ParatiiRegistry', { abi: paratiiRegistryAbi, bytecode: paratiiRegistryBytecode }, [
      sender.address,
    ]))
  const addresses = {} as Record<ContractKey, Address>
  for (const key of contractKeys) {
    const name = contractNames[key]
    const registered = await lookUpAddress(rpc, registry, name, signal)
    addresses[key] =
      registered ??
      (await create(name, artifacts[key], argumentsOf(key, registry, addresses, sender, deployment)))
    if (registered === undefined)
      await call(sender, registry, paratiiRegistryAbi, 'setAddress', [name, addresses[key]], signal)
  }

  const { avatarShareBps, owner } = deployment
  if (avatarShareBps !== undefined) {
    const contract = { address: registry, abi: new Interface(paratiiRegistryAbi) }
    const current = await callContract(rpc, contract, 'uintOf', ['avatarShareBps'], weiValue, signal)
    if (current !== BigInt(avatarShareBps))
      await call(sender, registry, paratiiRegistryAbi, 'setUint', ['avatarShareBps', avatarShareBps], signal)
  }
  if (owner !== undefined && owner !== sender.address) {
    await offerOwnership(rpc, sender, registry, owner, signal)
    await offerOwnership(rpc, sender, addresses.avatar, owner, signal)
  }
  return lookUpAddresses(rpc, registry, signal)
}

const artifacts: Readonly<Record<ContractKey, Artifact>> = {
  token: { abi: paratiiTokenAbi, bytecode: paratiiTokenBytecode },
  videoRegistry: { abi: videoRegistryAbi, bytecode: videoRegistryBytecode },
  videoStore: { abi: videoStoreAbi, bytecode: videoStoreBytecode },
  userRegistry: { abi: userRegistryAbi, bytecode: userRegistryBytecode },
  paymentChannels: { abi: paymentChannelsAbi, bytecode: paymentChannelsBytecode },
  campaigns: { abi: campaignsAbi, bytecode: campaignsBytecode },
  avatar: { abi: paratiiAvatarAbi, bytecode: paratiiAvatarBytecode },
  checkpoints: { abi: checkpointsAbi, bytecode: checkpointsBytecode },
  sendEther: { abi: sendEtherAbi, bytecode: sendEtherBytecode },
}

/** Arguments of a constructor; contracts are deployed in the order of their names, so that those needed are there. */
const argumentsOf = (
  key: ContractKey,
  registry: Address,
  { token, videoRegistry, paymentChannels }: Readonly<Record<ContractKey, Address>>,
  sender: Sender,
  { periodSeconds, holder }: Deployment,
): readonly unknown[] => {
  switch (key) {
    case 'token':
      return [holder ?? sender.address]
    case 'videoRegistry':
      return [registry, periodSeconds]
    case 'userRegistry':
      return [registry]
    case 'videoStore':
      return [token, videoRegistry, registry, periodSeconds]
    case 'paymentChannels':
    case 'campaigns':
      return [token, periodSeconds]
    case 'avatar':
      return [token, paymentChannels, sender.address]
    case 'checkpoints':
    case 'sendEther':
      return []
  }
}

/** Whether a contract that an earlier run set out to create is there, once the transaction is decided. */
const wasCreated = async (
  rpc: JsonRpc,
  from: Address,
  { address, nonce }: DeployedContract,
  signal?: AbortSignal,
): Promise<boolean> => {
  while (!(await hasCode(rpc, address, signal))) {
    const [sent, mined] = await Promise.all([
      countTransactions(rpc, from, 'pending', signal),
      countTransactions(rpc, from, 'latest', signal),
    ])
    if (sent <= nonce) return false
    if (mined > nonce) return hasCode(rpc, address, signal)
    await wait(pollMs, signal)
  }
  return true
}

const countTransactions = async (
  rpc: JsonRpc,
  account: Address,
  block: 'latest' | 'pending',
  signal?: AbortSignal,
): Promise<number> => Number(await rpc.request('eth_getTransactionCount', [account, block], signal))

const hasCode = async (rpc: JsonRpc, address: Address, signal?: AbortSignal): Promise<boolean> =>
  v.parse(v.string(), await rpc.request('eth_getCode', [address, 'latest'], signal)) !== '0x'

/** Ownable2Step: nothing changes hands until the new owner accepts. The avatar's functions are the registry's. */
const offerOwnership = async (
  rpc: JsonRpc,
  sender: Sender,
  address: Address,
  owner: Address,
  signal?: AbortSignal,
): Promise<void> => {
  const contract = { address, abi: new Interface(paratiiRegistryAbi) }
  const read = (method: string) => callContract(rpc, contract, method, [], addressValue, signal)
  if ((await read('owner')) === owner || (await read('pendingOwner')) === owner) return
  await call(sender, address, paratiiRegistryAbi, 'transferOwnership', [owner], signal)
}

const call = async (
  sender: Sender,
  to: Address,
  abi: InterfaceAbi,
  method: string,
  args: readonly unknown[],
  signal?: AbortSignal,
): Promise<Hash> => {
  const data = new Interface(abi).encodeFunctionData(method, args) as Hex
  return (await sender.send({ to, data }, signal)).hash
}
