import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HDNodeWallet, Interface, parseEther, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contractNames, lookUpAddresses } from '#chain/addresses.ts'
import { paratiiRegistryAbi } from '#chain/bindings/paratii-registry.ts'
import { deployContracts } from '#chain/deploy.ts'
import { openDeploymentFile } from '#chain/deployment-journal.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createSender } from '#chain/sender.ts'
import { type DevnetChain, startDevnetChain } from '#devnet/chain.ts'
import type { Address, Hex } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { actorOf } from './chain-fixture.ts'

const periodSeconds = 3600
const owner = actorOf('owner of the contracts')
/** Ten contracts, nine names, one number, two offers of ownership. */
const steps = 22

let chain: DevnetChain
let rpc: JsonRpc
let folder: string
beforeAll(async () => {
  chain = await startDevnetChain()
  rpc = connectRpc(chain.rpcUrl)
  folder = await mkdtemp(join(tmpdir(), 'paratii-deploy-'))
})
afterAll(async () => {
  await chain.stop()
  await rm(folder, { recursive: true, force: true })
})

const walletOf = async (name: string): Promise<Wallet> => {
  const { address, secretKey } = actorOf(name)
  await chain.faucet(address, 0n, parseEther('10'))
  return new Wallet(hexFromBytes(secretKey))
}

/** A node that dies around the transaction after `spared` of them: what died before it was never sent. */
const dyingAfter = (spared: number, before: boolean): JsonRpc => {
  let sent = 0
  return {
    async request(method, params, signal) {
      if (method !== 'eth_sendRawTransaction') return rpc.request(method, params, signal)
      const dies = sent++ === spared
      if (dies && before) throw new ParatiiError('chain-unreachable')
      const hash = await rpc.request(method, params, signal)
      if (dies) throw new ParatiiError('chain-unreachable')
      return hash
    },
  }
}

const deployWith = (wallet: Wallet, file: string, through: JsonRpc) =>
  deployContracts(through, createSender(through, chain.chainId, wallet), {
    periodSeconds,
    owner: owner.address,
    avatarShareBps: 250,
    journal: openDeploymentFile(file, chain.chainId, periodSeconds),
  })

const countOf = async (wallet: Wallet): Promise<number> =>
  Number(await rpc.request('eth_getTransactionCount', [wallet.address, 'latest']))

const contractsIn = async (file: string): Promise<Record<string, { address: Address }>> =>
  JSON.parse(await readFile(file, 'utf8')).contracts

describe('a deployment', () => {
  it.each([
    ['before a transaction leaves', true],
    ['after it left, before that is known', false],
  ])('that dies %s goes on where it was, at any of them, and sends none twice', async (moment, before) => {
    const wallet = await walletOf(`deployer that dies ${moment}`)
    const file = join(folder, `${before}.json`)
    let deaths = 0
    for (; ; deaths++) {
      const spared = before ? 1 : 0
      const died = await deployWith(wallet, file, dyingAfter(spared, before)).then(
        () => false,
        () => true,
      )
      if (!died) break
    }
    expect(deaths).toBeGreaterThanOrEqual(steps - 1)
    expect(await countOf(wallet)).toBe(steps)
    const contracts = await contractsIn(file)
    const registry = contracts.ParatiiRegistry?.address as Address
    const { registry: _, ...addresses } = await lookUpAddresses(rpc, registry)
    for (const [key, name] of Object.entries(contractNames))
      expect(addresses[key as keyof typeof contractNames]).toBe(contracts[name]?.address)
  })

  it('that is whole is not done again', async () => {
    const wallet = await walletOf('deployer, twice')
    const file = join(folder, 'twice.json')
    const first = await deployWith(wallet, file, rpc)
    expect(await deployWith(wallet, file, rpc)).toEqual(first)
    expect(await countOf(wallet)).toBe(steps)
  })

  it('is of a chain and a period: another’s file is refused', async () => {
    const journal = openDeploymentFile(join(folder, 'twice.json'), chain.chainId, periodSeconds + 1)
    await expect(journal.load()).rejects.toMatchObject({ code: 'config-malformed' })
  })

  it('is its owner’s once that accepts, and nobody’s in between but the deployer’s', async () => {
    const wallet = await walletOf('deployer, twice')
    const { registry, avatar } = await deployWith(wallet, join(folder, 'twice.json'), rpc)
    await chain.faucet(owner.address, 0n, parseEther('1'))
    const abi = new Interface(paratiiRegistryAbi)
    const ownerOf = async (to: Address) =>
      abi
        .decodeFunctionResult(
          'owner',
          String(await rpc.request('eth_call', [{ to, data: abi.encodeFunctionData('owner') }, 'latest'])),
        )[0]
        .toLowerCase()
    const accepting = createSender(rpc, chain.chainId, new Wallet(hexFromBytes(owner.secretKey)))
    const stranger = createSender(rpc, chain.chainId, HDNodeWallet.fromPhrase(phrase))
    for (const to of [registry, avatar]) {
      const data = abi.encodeFunctionData('acceptOwnership') as Hex
      expect(await ownerOf(to)).toBe(wallet.address.toLowerCase())
      await expect(stranger.send({ to, data })).rejects.toMatchObject({ code: 'not-permitted' })
      await accepting.send({ to, data })
      expect(await ownerOf(to)).toBe(owner.address)
    }
  })
})

const phrase = 'test test test test test test test test test test test junk'
