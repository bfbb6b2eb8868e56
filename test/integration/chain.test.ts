import { HDNodeWallet, parseEther, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { parseChainConfig } from '#chain/config.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { revocationsOf } from '#chain/mailbox-keys.ts'
import { createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import { packSettlement } from '#chain/settlement.ts'
import { type ChainWriter, createChainWriter } from '#chain/writer.ts'
import { ownerEarnedWei } from '#payments/purchase.ts'
import { signAllot } from '#protocol/allot.ts'
import { buildFurtherTree, verifyBranch } from '#protocol/allotment.ts'
import { hashDeal } from '#protocol/purchase-nonce.ts'
import { signRequestClose } from '#protocol/request-close.ts'
import type { Terms } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import { hashVideoDocument, videoIdOf } from '#protocol/video-document.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address, Hash, PublicKey, PurchaseNonce, VideoId } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import {
  actorOf,
  claimOf,
  cmaf,
  crypto,
  documentOf,
  laterClaimOf,
  orderOf,
  payoutOf,
  type StartedChain,
  startChain,
  testPhrase,
} from './chain-fixture.ts'

const periodSeconds = 20
const hosts = ['a', 'b', 'c'].map(name => actorOf(`host ${name}`))
const buyer = actorOf('buyer')
const size = 22_000_001
const fee = 1_000_000_000n

let started: StartedChain
let publisher: ChainWriter
let host: ChainWriter
let id: VideoId
let terms: Terms
let validUntil: number

beforeAll(async () => {
  started = await startChain(periodSeconds)
  publisher = started.writerOf(1)
  host = started.writerOf(2)
  id = await publisher.registerVideo(documentOf(publisher.address, periodSeconds))
  terms = await started.reader.terms(id, cmaf)
  await started.chain.faucet(buyer.address, 100n * weiPerPti)
  validUntil = (await started.reader.head()).timestampSeconds + 3600
})

afterAll(() => started?.chain.stop())

/** `spareBytes`: held for hosts, and not allotted yet. */
const buy = async (name: string, count: number, spareBytes = 0) => {
  const node = actorOf(name)
  const named = hosts.slice(0, count)
  const wish = { buyer, node, hosts: named, payment: 'authorization', validUntil, spareBytes } as const
  const order = orderOf(started, terms, wish)
  return { node, order, ...(await publisher.submitOrder(order)) }
}

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof ParatiiError ? thrown.code : String(thrown)),
  )

describe('videos and users', () => {
  it('reads back the document that its owner registered, under the id that follows from it', async () => {
    const document = documentOf(publisher.address, periodSeconds)
    expect(id).toBe(videoIdOf(publisher.address, hashVideoDocument(document)))
    const video = await started.reader.video(id)
    expect(video.document).toEqual({ id, ...document })
    expect(video.revision).toBe(1)
    expect(video.terms).toEqual([terms])
    expect(terms).toMatchObject({ owner: publisher.address, size, fee, avatarBps: 0 })
  })

  it('reads back an edit as the next revision', async () => {
    const other = await publisher.registerVideo({
      ...documentOf(publisher.address, periodSeconds),
      title: 'Other',
    })
    const { document } = await started.reader.video(other)
    await publisher.editVideo({ ...document, title: 'Renamed' })
    const video = await started.reader.video(other)
    expect(video).toMatchObject({ revision: 2, document: { title: 'Renamed', id: other } })
    expect(await codeOf(host.editVideo(document))).toBe('not-permitted')
  })

  it('refuses a time in which hosts could not settle, before anybody can order', async () => {
    const { formats, ...document } = documentOf(publisher.address, periodSeconds)
    const hurried = {
      ...document,
      title: 'Hurried',
      formats: { [cmaf]: { ...formats[cmaf], ttl: 3 * periodSeconds - 1 } },
    }
    expect(
      await codeOf(publisher.registerVideo(hurried as typeof document & { formats: typeof formats })),
    ).toBe('terms-invalid')
  })

  it('reads back mailbox key and nodes of a user', async () => {
    const nodes = [
      { key: actorOf('n').publicKey, addresses: ['/ip4/127.0.0.1/tcp/1/ws', '/ip4/127.0.0.1/tcp/2/http'] },
    ]
    expect(await started.reader.mailboxKey(host.address)).toBeUndefined()
    await host.setMailboxKey(actorOf('m').publicKey)
    await host.setNodes(nodes)
    expect(await started.reader.mailboxKey(host.address)).toBe(actorOf('m').publicKey)
    expect(await started.reader.mailboxOf(host.address, actorOf('documented').publicKey)).toBe(
      actorOf('m').publicKey,
    )
    expect(await started.reader.revokedFrom(host.address, actorOf('m').publicKey)).toBeUndefined()
    expect(await started.reader.nodes(host.address)).toEqual(nodes)
    await host.setNodes([])
    expect(await started.reader.nodes(host.address)).toEqual([])
  })

  it('reads that a mailbox key was rotated, and that one was revoked', async () => {
    const [first, second] = [actorOf('first key'), actorOf('second key')]
    await host.setMailboxKey(first.publicKey)
    await host.setMailboxKey(second.publicKey)
    const { reader } = started
    expect(await reader.mailboxOf(host.address, first.publicKey)).toBe(second.publicKey)
    // A key that was replaced stays good until it is revoked.
    expect(await reader.revokedFrom(host.address, first.publicKey)).toBeUndefined()
    await host.revokeMailboxKey(second.publicKey)
    const { number } = await reader.head()
    expect(await reader.revokedFrom(host.address, second.publicKey)).toBe(number)
    expect(await reader.mailboxOf(host.address, first.publicKey)).toBe(first.publicKey)
    expect(await codeOf(reader.mailboxOf(host.address, second.publicKey))).toBe('key-revoked')
    // Nobody revokes another account's key.
    expect(await reader.revokedFrom(publisher.address, second.publicKey)).toBeUndefined()
  })

  it('refuses what an account signed with its own key once it revoked that', async () => {
    const wallet = HDNodeWallet.fromPhrase(testPhrase, undefined, `m/44'/60'/0'/0/2`)
    const key = wallet.publicKey as PublicKey
    const signal = new AbortController().signal
    const isRevoked = () => revocationsOf(started.reader, crypto, clockSystem)(key, signal)
    expect(await isRevoked()).toBe(false)
    await host.revokeMailboxKey(key)
    expect(await isRevoked()).toBe(true)
  })

  it('says that a video or format is unknown', async () => {
    const nothing = `0x${'11'.repeat(32)}` as Hash as VideoId
    expect(await codeOf(started.reader.video(nothing))).toBe('video-unknown')
    expect(await codeOf(started.reader.terms(nothing, cmaf))).toBe('format-unknown')
  })
})

describe('purchases', () => {
  it('opens a purchase for a buyer without ether, and finds it by its events', async () => {
    const before = await started.reader.balanceWei(buyer.address)
    const { nonce, order, salt, signer } = await buy('first', 1)
    expect(before - (await started.reader.balanceWei(buyer.address))).toBe(weiPerPti + BigInt(size) * fee)
    expect(await started.reader.etherWei(buyer.address)).toBe(0n)
    const state = await started.reader.purchase(nonce)
    expect(state).toMatchObject({
      buyer: buyer.address,
      bytes: 0,
      depth: 0,
      closing: false,
      reclaimed: false,
    })
    const [found] = await started.reader.purchases({ nonce })
    expect(found).toMatchObject({
      nonce,
      buyer: buyer.address,
      id,
      salt: order.salt,
      signer,
      capacity: order.capacity,
    })
    expect(salt).toBe(order.salt)
    expect(
      (await started.reader.purchases({ buyer: buyer.address, id })).map(event => event.nonce),
    ).toContain(nonce)
    expect(await codeOf(publisher.submitOrder(order))).toBe('order-used')
  })

  it('opens one by allowance too', async () => {
    const owner = actorOf('owner of ether')
    await started.chain.faucet(owner.address, 2n * weiPerPti, parseEther('1'))
    const sender = createSender(started.rpc, started.chain.chainId, new Wallet(hexFromBytes(owner.secretKey)))
    await createChainWriter(started.addresses, sender).approveStore(2n * weiPerPti)
    const wish = {
      buyer: owner,
      node: actorOf('by allowance'),
      hosts: hosts.slice(0, 1),
      payment: 'allowance',
      validUntil,
    } as const
    const { nonce } = await publisher.submitOrder(orderOf(started, terms, wish))
    expect(await started.reader.purchase(nonce)).toMatchObject({ buyer: owner.address })
    expect(await started.reader.allowanceWei(owner.address)).toBe(weiPerPti - BigInt(size) * fee)
  })

  it('names what is wrong with an order, and takes nothing', async () => {
    const pauper = actorOf('pauper')
    const wish = {
      buyer: pauper,
      node: actorOf('x'),
      hosts: hosts.slice(0, 1),
      payment: 'authorization',
      validUntil,
    } as const
    expect(await codeOf(publisher.submitOrder(orderOf(started, terms, wish)))).toBe('balance-too-low')
    const rich = { ...wish, buyer }
    const expired = orderOf(started, terms, { ...rich, validUntil: 1 })
    expect(await codeOf(publisher.submitOrder(expired))).toBe('order-expired')
    const cheaper = orderOf(started, { ...terms, price: 1n }, rich)
    expect(await codeOf(publisher.submitOrder(cheaper))).toBe('terms-changed')
    const forged = { ...orderOf(started, terms, rich), relayFee: 5n }
    expect(await codeOf(publisher.submitOrder(forged))).toBe('signature-invalid')
    expect(await started.reader.purchase(`0x${'22'.repeat(32)}` as Hash as PurchaseNonce)).toBeUndefined()
  })

  it('pays hosts and owner what receipts say, to the last unit, whoever sends them', async () => {
    const single = await buy('single', 1)
    const several = await buy('several', 3)
    const payouts = hosts.map(({ address }) => payoutOf(address))
    const balances = (accounts: readonly Address[]) =>
      Promise.all(accounts.map(account => started.reader.balanceWei(account)))
    const before = await balances([publisher.address, ...payouts])
    const claims = [
      claimOf(started, single.order, single.node, 0, 9_000_001),
      claimOf(started, several.order, several.node, 0, 1_000_003),
      claimOf(started, several.order, several.node, 2, 2_000_005),
    ]
    const forged = claimOf(started, several.order, single.node, 1, 3_000_000)
    const { skipped } = await host.settle([...claims, forged])
    expect(skipped).toEqual([{ nonce: several.nonce, leaf: 1, reason: 'bad-signature' }])
    const after = await balances([publisher.address, ...payouts])
    const owed = (bytes: number) => (weiPerPti * BigInt(bytes)) / BigInt(size)
    expect(after.map((balance, i) => balance - (before[i] ?? 0n))).toEqual([
      owed(9_000_001) + owed(3_000_008),
      10_000_004n * fee,
      0n,
      2_000_005n * fee,
    ])
    expect(await started.reader.paidBytes(several.nonce, 2)).toBe(2_000_005)
    const again = await host.settle(claims)
    expect(again.skipped.map(({ reason }) => reason)).toEqual(['stale', 'stale', 'stale'])
  })

  it('settles many purchases of many hosts in one transaction, each to the last unit', async () => {
    const payouts = hosts.map(({ address }) => payoutOf(address))
    const accounts = [publisher.address, ...payouts]
    const bought = []
    for (const [at, count] of [1, 2, 3, 1, 2, 3, 1, 3].entries()) bought.push(await buy(`many ${at}`, count))
    const owed = accounts.map(() => 0n)
    const claims = bought.flatMap(({ order, node }, at) => {
      const counted = order.leaves.map((_, leaf) => 700_003 * (at + 1) + 17 * leaf)
      owed[0] =
        (owed[0] ?? 0n) +
        ownerEarnedWei(
          order.terms,
          counted.reduce((sum, bytes) => sum + bytes, 0),
        )
      return counted.map((bytes, leaf) => {
        owed[leaf + 1] = (owed[leaf + 1] ?? 0n) + BigInt(bytes) * fee
        return claimOf(started, order, node, leaf, bytes)
      })
    })
    const before = await Promise.all(accounts.map(account => started.reader.balanceWei(account)))
    const { number } = await started.reader.head()
    const { skipped, transaction } = await host.settle(claims)
    expect(claims).toHaveLength(16)
    expect(skipped).toEqual([])
    expect(transaction.blockNumber).toBe(number + 1)
    const after = await Promise.all(accounts.map(account => started.reader.balanceWei(account)))
    expect(after.map((balance, at) => balance - (before[at] ?? 0n))).toEqual(owed)
  })

  it('allots to hosts found later, who are paid like the first, and never more than the escrow holds', async () => {
    const { node, order: signed, nonce, signer } = await buy('later', 2, size / 2)
    const late = [actorOf('late host'), actorOf('later host')]
    const depth = 1
    const leaves = late.map(({ address }, i) => ({
      index: 2 * 1 + i,
      payee: address,
      payout: payoutOf(address),
      cap: Math.floor(size / 4),
    }))
    const further = orThrow(buildFurtherTree(leaves, { tree: 1, depth }))
    const parties = { deal: signed, signer, allotments: signed.allotments, buyer: signed.buyer }
    const domain = paratiiDomain(started.chain.chainId, started.addresses.videoStore)
    const sign = (index: number, allotments: Hash, secretKey = node.secretKey) =>
      signAllot(crypto, domain, { purchase: nonce, index, allotments }, secretKey)
    const { commitment } = further
    expect(await codeOf(host.allot(parties, commitment, sign(1, commitment, buyer.secretKey)))).toBe(
      'not-permitted',
    )
    expect(await codeOf(host.allot(parties, commitment, sign(2, commitment)))).toBe('not-permitted')
    await host.allot(parties, commitment, sign(1, commitment))
    // The escrow is promised away: a third tree of the same sums finds no room.
    const third = orThrow(
      buildFurtherTree(
        leaves.map(leaf => ({ ...leaf, index: leaf.index + 2 })),
        { tree: 2, depth },
      ),
    )
    expect(await codeOf(host.allot(parties, third.commitment, sign(2, third.commitment)))).toBe(
      'allotment-exceeds-capacity',
    )

    const claims = [
      claimOf(started, signed, node, 0, 2_000_000),
      ...leaves.map((allotment, i) => {
        const branch = further.branches[i] ?? []
        expect(verifyBranch(allotment, branch, commitment, 1)).toBe(true)
        expect(verifyBranch(allotment, branch, commitment)).toBe(false)
        return laterClaimOf(started, signed, node, { allotment, branch }, 1_000_000 + i)
      }),
    ]
    const payouts = leaves.map(({ payout }) => payout)
    const before = await Promise.all(payouts.map(payout => started.reader.balanceWei(payout)))
    const { skipped } = await host.settle(claims)
    expect(skipped).toEqual([])
    const after = await Promise.all(payouts.map(payout => started.reader.balanceWei(payout)))
    expect(after.map((balance, i) => balance - (before[i] ?? 0n))).toEqual([
      1_000_000n * fee,
      1_000_001n * fee,
    ])
    expect(await started.reader.purchase(nonce)).toMatchObject({ bytes: 4_000_001 })
  })

  it('closes by the signer’s signature and returns the rest to the buyer', async () => {
    const { node, order, nonce, signer } = await buy('closing', 1)
    const parties = { deal: order, signer, allotments: order.allotments, buyer: buyer.address }
    const domain = paratiiDomain(started.chain.chainId, started.addresses.videoStore)
    const { signature } = signRequestClose(crypto, domain, nonce, node.secretKey)
    await host.requestClose(parties, signature)
    expect(await started.reader.purchase(nonce)).toMatchObject({ closing: true })
    expect(await codeOf(host.requestClose(parties, signature))).toBe('purchase-ended')
    expect(await codeOf(host.reclaim(parties))).toBe('purchase-open')
    const before = await started.reader.balanceWei(buyer.address)
    await started.rpc.request('evm_increaseTime', [periodSeconds])
    await started.rpc.request('evm_mine', [])
    await host.reclaim(parties)
    expect((await started.reader.balanceWei(buyer.address)) - before).toBe(weiPerPti + BigInt(size) * fee)
    expect(await started.reader.purchase(nonce)).toMatchObject({ reclaimed: true })
  })
})

describe('packing a settlement', () => {
  it('says once what claims share, and keeps deals of one owner side by side', async () => {
    const orders = await Promise.all([1, 2, 3].map(async i => ({ node: actorOf(`p${i}`), i })))
    const claims = orders.map(({ node, i }) => {
      const wish = { buyer, node, hosts: hosts.slice(0, 1), payment: 'allowance', validUntil } as const
      const owner = i === 2 ? ('0x00000000000000000000000000000000000000ff' as Address) : terms.owner
      return claimOf(started, orderOf(started, { ...terms, owner }, wish), node, 0, i)
    })
    const [payees, deals, pinned, trees] = packSettlement(claims)
    expect([payees.length, deals.length, pinned.length, trees.length]).toEqual([1, 2, 2, 0])
    expect(new Set(claims.map(claim => hashDeal(claim.deal))).size).toBe(2)
  })
})

describe('a chain that is not there', () => {
  it('is unreachable, and may be tried again', async () => {
    const reader = createChainReader({ ...started.chain, rpcUrl: 'http://127.0.0.1:9' })
    const thrown = await reader.head().catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: 'chain-unreachable', retryable: true })
  })

  it('is another one when chain id or registry differ', async () => {
    const check = (change: object) =>
      codeOf(createChainReader({ ...started.chain, ...change }, started.rpc).check())
    expect(await check({})).toBeUndefined()
    expect(await check({ chainId: 1 })).toBe('chain-mismatch')
    expect(await check({ registry: started.addresses.token })).not.toBeUndefined()
    expect(await check({ registry: buyer.address })).toBe('chain-mismatch')
  })

  it('stops asking when it is told to', async () => {
    const asked = connectRpc(started.chain.rpcUrl).request('eth_chainId', [], AbortSignal.abort())
    expect(await codeOf(asked)).toBe('aborted')
  })

  it('is refused a configuration that makes no sense', () => {
    const { chainId, rpcUrl, registry } = started.chain
    expect(parseChainConfig({ chainId, rpcUrl, registry }).ok).toBe(true)
    expect(parseChainConfig({ chainId, rpcUrl: 'ftp://x', registry }).ok).toBe(false)
    expect(parseChainConfig({ chainId, rpcUrl, registry: '0x12' }).ok).toBe(false)
  })
})
