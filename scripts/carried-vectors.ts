import type { cryptoNoble } from '#adapters/crypto-noble.ts'
import { signPublic } from '#protocol/announcement.ts'
import { channelIdOf, signBalanceProof } from '#protocol/balance-proof.ts'
import { encodeBlockData } from '#protocol/block-data.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { encodeExchange, signInitProof } from '#protocol/exchange.ts'
import { encodeFrame } from '#protocol/frame.ts'
import { encodeFreeQuestion } from '#protocol/free.ts'
import { sha256 } from '#protocol/hash.ts'
import { encodeJson, type Json } from '#protocol/json.ts'
import type { Message } from '#protocol/message.ts'
import type { Order } from '#protocol/order.ts'
import { encodePosting, signPosterProof } from '#protocol/posting.ts'
import type { Receipt } from '#protocol/receipt.ts'
import { nameEnvelope, signGot, signListen } from '#protocol/relaying.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Address, Cid, FormatName, Hash, PublicKey, PurchaseNonce, VideoId } from '#std/brand.ts'
import { bytesFromUtf8 } from '#std/bytes.ts'

type Party = { readonly secret: Uint8Array; readonly publicKey: PublicKey; readonly address: Address }

/** What these vectors share with those of a purchase. */
export type VectorKit = {
  readonly crypto: typeof cryptoNoble
  readonly hashOf: (name: string) => Hash
  readonly header: (type: string) => Pick<Message, 'v' | 'id' | 'to' | 'replyTo' | 'at' | 'expires'>
  readonly chainId: number
  readonly contractOf: (name: string) => Address
  readonly viewer: Party
  readonly publisher: Party
  readonly node: Party
  readonly host: Party
  readonly id: VideoId
  readonly format: FormatName
  readonly root: Cid
  readonly order: Order
  readonly purchase: PurchaseNonce
  readonly receipt: Receipt
  readonly blocks: readonly Cid[]
}

const at = 1_800_000_000_000
const times = { at, expires: at + 600_000 }

/** Vectors of what is said in public and relayed, and of every word of both exchanges. */
export const carriedVectors = (kit: VectorKit) => {
  const { crypto, hashOf, header, chainId, contractOf, viewer, publisher, node, host } = kit
  const channels = paratiiDomain(chainId, contractOf('channels'))

  const name = {
    payer: viewer.address,
    payee: publisher.address,
    signer: node.address,
    lane: 2n ** 96n - 1n,
    counter: 3,
  }
  const job = {
    stream: kit.root,
    options: [
      { name: 'v720', codec: 'avc1', width: 1280, height: 720, bitsPerSecond: 2_500_000 },
      { name: 'a128', codec: 'mp4a', width: 0, height: 0, bitsPerSecond: 128_000 },
    ],
    pricePerSegment: 10n ** 15n,
    segments: 15,
    payer: publisher.address,
    salt: hashOf('job'),
  }
  const announcedJob = signPublic(crypto, 'job', job, times, publisher.secret)

  const messages: readonly Message[] = [
    { ...header('ack'), type: 'ack', body: { of: header('order').id } },
    {
      ...header('segment-claim'),
      type: 'segment-claim',
      body: {
        job: nameEnvelope(announcedJob),
        index: 3,
        source: kit.blocks[0] ?? kit.root,
        results: kit.blocks.slice(1),
      },
    },
  ]

  const greeting = { nonce: hashOf('init nonce'), key: host.publicKey }
  const leaf = bytesFromUtf8('a leaf')
  const block = encodeBlockData({ cid: cidFromDigest('raw', sha256(leaf)), bytes: leaf })
  const json = (body: object) => encodeJson(body as Json)
  const word = (from: string, cmd: string, data: Uint8Array) => ({
    from,
    cmd,
    data,
    frame: encodeFrame(cmd, data),
  })
  const postingName = { ...name, payer: publisher.address, payee: host.address }
  const postingProof = signBalanceProof(
    crypto,
    channels,
    { channel: channelIdOf(postingName, postingName.counter), balance: 10n ** 12n },
    node.secret,
  )
  const posterInit = signPosterProof(
    crypto,
    greeting,
    { channel: postingName, id: kit.id, format: kit.format, root: hashOf('root') },
    node.secret,
  )

  return {
    messages,
    announcement: [
      { type: 'job', secret: publisher.secret, signed: announcedJob },
      {
        type: 'offer',
        secret: host.secret,
        signed: signPublic(
          crypto,
          'offer',
          {
            key: host.publicKey,
            payout: host.address,
            addresses: ['/ip4/127.0.0.1/tcp/4001/ws'],
            minimumFee: 1_000_000_000n,
          },
          times,
          host.secret,
        ),
      },
      {
        type: 'relay',
        secret: host.secret,
        signed: signPublic(
          crypto,
          'relay',
          { key: host.publicKey, addresses: ['/ip4/127.0.0.1/tcp/4001/ws'] },
          times,
          host.secret,
        ),
      },
    ].map(each => ({ ...each, ...times })),
    relaying: [
      {
        relay: host.publicKey,
        at,
        mailboxSecret: viewer.secret,
        mailbox: viewer.publicKey,
        envelopes: [hashOf('envelope 0'), hashOf('envelope 1')],
        listen: signListen(crypto, host.publicKey, at, viewer.secret),
        got: signGot(crypto, [hashOf('envelope 0'), hashOf('envelope 1')], viewer.secret),
      },
    ],
    exchange: [
      word('host', 'init', encodeExchange(greeting)),
      word(
        'viewer',
        'init',
        encodeExchange({
          order: kit.order,
          leaf: 0,
          proof: signInitProof(crypto, greeting, kit.purchase, node.secret),
        }),
      ),
      word(
        'host',
        'initack',
        encodeExchange({
          fee: 1_000_000_000n,
          credit: 1_048_576,
          receipt: kit.receipt,
          http: '/ip4/127.0.0.1/tcp/8080/http',
        }),
      ),
      word('host', 'initack', encodeExchange({ fee: 1_000_000_000n, credit: 1_048_576 })),
      word('viewer', 'getdata', encodeExchange({ blocks: kit.blocks })),
      word('host', 'data', block),
      word('host', 'reqpayment', encodeExchange({ outstanding: 1_048_576 })),
      word('viewer', 'payment', encodeExchange({ receipt: kit.receipt, blocks: kit.blocks })),
      word('host', 'paymentack', encodeExchange({ bytes: 786_432, credit: 1_835_008 })),
      word('host', 'bye', encodeExchange({ code: 'purchase-ended' })),
      word('viewer', 'bye', encodeExchange({ code: 'aborted' })),
    ],
    free: [
      word('viewer', 'gethosts', encodeFreeQuestion({ cmd: 'gethosts', body: { id: kit.id } })),
      word('viewer', 'gethead', encodeFreeQuestion({ cmd: 'gethead', body: { root: kit.root } })),
    ],
    posting: [
      word('host', 'init', encodePosting(greeting)),
      word('poster', 'init', encodePosting(posterInit)),
      word(
        'host',
        'initack',
        encodePosting({
          fee: 1_000_000n,
          credit: 1_048_576,
          balance: postingProof.balance,
          signature: postingProof.signature,
        }),
      ),
      word('poster', 'postdata', block),
      word('host', 'reqpayment', encodePosting({ balance: 10n ** 12n })),
      word('poster', 'payment', encodePosting(postingProof)),
      word('host', 'paymentack', encodePosting({ balance: 10n ** 12n, bytes: 1_048_576 })),
      word('poster', 'end', json({})),
      word('host', 'posted', encodePosting({ bytes: 22_000_001 })),
      word('host', 'bye', encodePosting({ code: 'payment-required' })),
    ].map(each => ({ ...each, signerSecret: node.secret })),
  }
}
