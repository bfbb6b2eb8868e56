import * as v from 'valibot'
import { connectNetwork } from '#chain/failover-rpc.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { keccak256 } from '#protocol/hash.ts'
import { encodeWords } from '#protocol/words.ts'
import type { Address, Hex, PurchaseNonce } from '#std/brand.ts'
import { bytesFromUtf8, concatBytes, hexFromBytes, isHex } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'

/**
 * The few questions that the background worker asks of the chain. It starts with every page that plays, so it does
 * without the library that the node's reader (chain/reader.ts) is built on, which weighs more than all of it.
 */
export type Deployment = { readonly chainId: number; readonly store: Address; readonly token: Address }

/** A contract that a deployment may have, by its name in the registry. Throws `chain-mismatch` if it has none. */
export const findContract = (place: Place, name: string): Promise<Address> =>
  lookUp(connectNetwork(place), place.registry, name)

const zero = 0n

type Place = { readonly rpcUrl: string; readonly fallbackUrl?: string; readonly registry: Address }

/** What answers at a URL, and where it has Paratii's contracts. Throws `chain-unreachable`, `chain-mismatch`. */
export async function findDeployment({ registry, ...place }: Place): Promise<Deployment> {
  const rpc = connectNetwork(place)
  const [chainId, store, token] = await Promise.all([
    rpc.request('eth_chainId', []),
    lookUp(rpc, registry, 'VideoStore'),
    lookUp(rpc, registry, 'ParatiiToken'),
  ])
  return { chainId: Number(chainId), store, token }
}

/** In a network that a site added: a chain without Paratii, as far as anybody said. */
export const noRegistry = `0x${'00'.repeat(20)}` as Address

/** The chain that a node is of. */
export const readChainId = async (rpcUrl: string): Promise<number> =>
  Number(await connectRpc(rpcUrl).request('eth_chainId', []))

/** Deployments already found, so that a network is looked up once. Throws `chain-mismatch` for another chain id. */
export type Deployments = { get(network: Place & { readonly chainId: number }): Promise<Deployment> }

export function createDeployments(): Deployments {
  const known = new Map<string, Promise<Deployment>>()
  return {
    async get(network) {
      const key = `${network.rpcUrl} ${network.fallbackUrl} ${network.registry}`
      const found = known.get(key) ?? findDeployment(network)
      known.set(key, found)
      const deployment = await found.catch(thrown => {
        known.delete(key)
        throw thrown
      })
      if (deployment.chainId !== network.chainId)
        throw new ParatiiError('chain-mismatch', { expected: network.chainId, found: deployment.chainId })
      return deployment
    },
  }
}

/** PTI of an account, in base units. */
export async function readBalance(rpc: JsonRpc, token: Address, account: Address): Promise<bigint> {
  return callWord(rpc, token, 'balanceOf(address)', encodeWords([['address', account]]))
}

/** Ether of an account, in wei. */
export async function readEther(rpc: JsonRpc, account: Address): Promise<bigint> {
  const answer = await rpc.request('eth_getBalance', [account, 'latest'])
  if (typeof answer !== 'string' || !/^0x[0-9a-f]{1,64}$/.test(answer))
    throw new ParatiiError('chain-unreachable', { reason: 'no balance' })
  return BigInt(answer)
}

/** Whether an account ever had anything to do with the chain: it has PTI or ether, or sent something. */
export async function isUsedAccount(rpc: JsonRpc, token: Address, account: Address): Promise<boolean> {
  const [wei, etherWei, count] = await Promise.all([
    readBalance(rpc, token, account),
    readEther(rpc, account),
    rpc.request('eth_getTransactionCount', [account, 'latest']),
  ])
  return wei > zero || etherWei > zero || Number(count) > 0
}

/** Unix time of the newest block, in milliseconds. */
export async function readChainTime(rpc: JsonRpc): Promise<number> {
  const block = v.safeParse(blockSchema, await rpc.request('eth_getBlockByNumber', ['latest', false]))
  if (!block.success) throw new ParatiiError('chain-unreachable', { reason: 'no newest block' })
  return Number(block.output.timestamp) * 1000
}

/** When the rest of a purchase can return; `undefined` if it was never opened. Throws `chain-unreachable`. */
export async function readPurchaseEnd(
  rpc: JsonRpc,
  store: Address,
  purchase: PurchaseNonce,
): Promise<number | undefined> {
  // Its name is its storage slot, which never returns to zero (contracts/libraries/PurchaseWord.sol).
  const answer = await rpc.request('eth_getStorageAt', [store, purchase, 'latest'])
  if (typeof answer !== 'string' || !/^0x[0-9a-f]+$/.test(answer))
    throw new ParatiiError('chain-unreachable', { reason: 'no storage word' })
  const word = BigInt(answer)
  return word === zero ? undefined : Number((word >> 24n) & 0xffff_ffffn) * 1000
}

const blockSchema = v.object({ timestamp: v.pipe(v.string(), v.regex(/^0x[0-9a-f]{1,12}$/)) })
async function lookUp(rpc: JsonRpc, registry: Address, name: string): Promise<Address> {
  const text = bytesFromUtf8(name)
  const padded = new Uint8Array(Math.ceil(text.length / 32) * 32)
  padded.set(text)
  const head = encodeWords([
    ['uint256', 32],
    ['uint256', text.length],
  ])
  const word = await callWord(rpc, registry, 'addressOf(string)', concatBytes(head, padded))
  if (word === zero || word >> 160n !== zero) throw new ParatiiError('chain-mismatch', { missing: name })
  return `0x${word.toString(16).padStart(40, '0')}` as Address
}

async function callWord(rpc: JsonRpc, to: Address, signature: string, args: Uint8Array): Promise<bigint> {
  const selector = keccak256(bytesFromUtf8(signature)).subarray(0, 4)
  const data: Hex = hexFromBytes(concatBytes(selector, args))
  const answer = await rpc.request('eth_call', [{ to, data }, 'latest']).catch(thrown => {
    // A refusal is about what lies there, not about reaching it.
    if (thrown instanceof ParatiiError && thrown.code === 'transaction-failed')
      throw new ParatiiError('chain-mismatch', { contract: to }, thrown)
    throw thrown
  })
  if (typeof answer !== 'string' || !isHex(answer, 32))
    throw new ParatiiError('chain-mismatch', { contract: to })
  return BigInt(answer)
}
