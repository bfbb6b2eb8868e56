/**
 * Writes the golden vectors of test/vectors: `node scripts/vectors.ts`. The files are committed and never change
 * for a message that is out in the world; running this must leave them as they are. Secret keys in them are the
 * keccak256 of a text and hold nothing.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { buildAllotmentTree, leafWord } from '#protocol/allotment.ts'
import { signHosts } from '#protocol/announcement.ts'
import { blockTarget, signBlockTarget } from '#protocol/block-request.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { sealEnvelope } from '#protocol/envelope.ts'
import { signInitProof } from '#protocol/exchange.ts'
import { encodeFrame } from '#protocol/frame.ts'
import { sha256 } from '#protocol/hash.ts'
import { purchaseNodeKeyPath } from '#protocol/keys.ts'
import { encodeMessage, type Message } from '#protocol/message.ts'
import {
  authorizationMessage,
  digestNodeKey,
  digestOrder,
  digestWallet,
  escrowWei,
  type Order,
  type OrderDraft,
  orderMessage,
  signNodeKey,
  totalWei,
} from '#protocol/order.ts'
import { hashDeal, purchaseNonceOf } from '#protocol/purchase-nonce.ts'
import { digestReceipt, extendDigest, firstDigest, signReceipt, signSentReceipt } from '#protocol/receipt.ts'
import { digestRequestClose, signRequestClose } from '#protocol/request-close.ts'
import { signCompact } from '#protocol/signature.ts'
import { digestSigned, signContent } from '#protocol/signed.ts'
import { formatWord, hashTerms, rootFromCid } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import {
  encodeVideoDocument,
  hashVideoDocument,
  termsOf,
  type VideoDocument,
  videoIdOf,
} from '#protocol/video-document.ts'
import type { Address, Cid, FormatName, Hex } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8, hexFromBytes } from '#std/bytes.ts'
import { carriedVectors } from './carried-vectors.ts'
import { marketBodies, marketVectors } from './market-vectors.ts'
import { hashOf, party, secretOf } from './vector-party.ts'

const folder = new URL('../test/vectors/', import.meta.url)

const cidOf = (name: string): Cid => cidFromDigest('raw', sha256(bytesFromUtf8(name)))

const chainId = 31337
const store = hexFromBytes(secretOf('store').subarray(12)) as Address
const token = hexFromBytes(secretOf('token').subarray(12)) as Address
const noAffiliate = '0x0000000000000000000000000000000000000000' as Address
const domain = paratiiDomain(chainId, store)
const cmaf = 'cmaf' as FormatName

const buyer = party('buyer')
const node = party('node')
const owner = party('owner')
const ownerNode = party('owner node')
const hosts = Array.from({ length: 100 }, (_, i) => party(`host ${i}`))
const payouts = hosts.map((_, i) => party(`payout ${i}`).address)
const host = hosts[0] ?? party('host 0')

/** All integers as decimal text and bytes as hex, so that any language reads them alike. */
const flat = (value: unknown): unknown => {
  if (typeof value === 'bigint' || typeof value === 'number') return value.toString()
  if (value instanceof Uint8Array) return hexFromBytes(value)
  if (Array.isArray(value)) return value.map(flat)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, flat(field)]))
}

const write = (name: string, value: unknown): void => {
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(flat(value), null, 2)}\n`)
}

const unwrap = <T>(result: { ok: true; value: T } | { ok: false; error: { code: string } }): T => {
  if (result.ok) return result.value
  throw new Error(result.error.code)
}

const documentBody: Omit<VideoDocument, 'id'> = {
  title: 'Timecode — 60 s',
  owner: owner.address,
  duration: 60,
  chunksize: 4,
  mailbox: owner.publicKey,
  node: ownerNode.publicKey,
  formats: {
    [cmaf]: {
      hash: cidFromDigest('dag-pb', sha256(bytesFromUtf8('directory'))),
      price: 10n ** 18n,
      fee: 1_000_000_000n,
      ttl: 259_200,
      size: 22_000_001,
      affiliateBps: 500,
    },
  },
}
const documentHash = hashVideoDocument(documentBody)
const document: VideoDocument = { id: videoIdOf(owner.address, documentHash), ...documentBody }
const terms = unwrap(termsOf(document, cmaf, 250))

const allotmentsFor = (count: number, cap: (index: number) => number) =>
  hosts.slice(0, count).map((each, index) => ({
    index,
    payee: each.address,
    payout: payouts[index] ?? each.address,
    cap: cap(index),
    key: each.publicKey,
  }))

const allotmentCases = [
  { name: 'one pinned host', leaves: allotmentsFor(1, () => 22_000_001) },
  { name: 'two hosts', leaves: allotmentsFor(2, i => 11_000_000 + i) },
  { name: 'three hosts: a missing right sibling', leaves: allotmentsFor(3, i => 1000 * (i + 1)) },
  { name: 'four hosts', leaves: allotmentsFor(4, () => 262_144) },
  { name: 'five hosts: two missing siblings', leaves: allotmentsFor(5, i => i) },
  { name: 'one hundred hosts', leaves: allotmentsFor(100, i => 7 * i + 1) },
  { name: 'the largest sum', leaves: allotmentsFor(2, i => (i === 0 ? 2 ** 40 - 2 : 1)) },
]

const draftOf = (count: number, fields: Partial<OrderDraft>): OrderDraft => {
  const leaves = allotmentsFor(count, () => Math.floor(terms.size / count))
  const tree = unwrap(buildAllotmentTree(leaves))
  return {
    id: document.id,
    format: cmaf,
    buyer: buyer.address,
    terms,
    capacity: terms.size,
    allotments: tree.commitment,
    depth: tree.depth,
    leaves,
    affiliate: noAffiliate,
    relayFee: 0n,
    validUntil: 1_900_000_000,
    salt: hashOf(`salt ${count}`),
    chainId,
    store,
    payment: 'allowance',
    ...fields,
  }
}

const signOrder = (draft: OrderDraft): Order => {
  const nodeSignature = signNodeKey(crypto, draft, node.secret)
  return {
    ...draft,
    IPFS_signature: nodeSignature,
    wallet_signature: signCompact(crypto, digestWallet(draft, nodeSignature, token), buyer.secret),
  }
}

const nonceOf = (draft: OrderDraft) => purchaseNonceOf(draft, { ...draft, signer: node.address })

const orderCases = [
  { name: 'one pinned host, by allowance', draft: draftOf(1, {}) },
  {
    name: 'one pinned host, by authorization',
    draft: draftOf(1, { payment: 'authorization', relayFee: 5n * 10n ** 15n }),
  },
  {
    name: 'four hosts and an affiliate',
    draft: draftOf(4, { affiliate: payouts[9] ?? noAffiliate, relayFee: 1n }),
  },
  { name: 'one hundred hosts, by authorization', draft: draftOf(100, { payment: 'authorization' }) },
]

const orderVector = ({ name, draft }: { name: string; draft: OrderDraft }) => {
  const order = signOrder(draft)
  const nonce = nonceOf(draft)
  const message = orderMessage(draft, order.IPFS_signature)
  return {
    name,
    chainId,
    store,
    token,
    buyerSecret: buyer.secret,
    buyer: buyer.address,
    nodeSecret: node.secret,
    signer: node.address,
    payment: draft.payment,
    id: draft.id,
    format: formatWord(draft.format),
    root: terms.root,
    price: terms.price,
    fee: terms.fee,
    ttl: terms.ttl,
    size: terms.size,
    owner: terms.owner,
    affiliateBps: terms.affiliateBps,
    avatarBps: terms.avatarBps,
    terms: hashTerms(terms),
    capacity: draft.capacity,
    allotments: draft.allotments,
    depth: draft.depth,
    affiliate: draft.affiliate,
    relayFee: draft.relayFee,
    validUntil: draft.validUntil,
    salt: draft.salt,
    nodeKeyDigest: digestNodeKey(draft),
    IPFS_signature: order.IPFS_signature,
    nodeSignature: message.nodeSignature,
    orderDigest: digestOrder(draft, order.IPFS_signature),
    escrow: escrowWei(draft),
    authorizationValue: totalWei(draft),
    authorizationNonce: authorizationMessage(draft, order.IPFS_signature).nonce,
    authorizationDigest: digestWallet({ ...draft, payment: 'authorization' }, order.IPFS_signature, token),
    wallet_signature: order.wallet_signature,
    deal: hashDeal(draft),
    nonce,
    requestCloseDigest: digestRequestClose(domain, nonce),
    requestCloseSignature: signRequestClose(crypto, domain, nonce, node.secret).signature,
  }
}

const nonce = nonceOf(draftOf(1, {}))
const blocks = ['leaf 0', 'leaf 1', 'leaf 2'].map(cidOf)
const receiptOf = (leaf: number, bytes: number, counted: readonly Cid[]) =>
  signReceipt(
    crypto,
    domain,
    {
      nonce,
      owner: ownerNode.publicKey,
      leaf,
      bytes,
      hash: extendDigest(firstDigest(nonce), counted),
      key: host.publicKey,
    },
    node.secret,
  )

const receiptVector = ([name, leaf, bytes, counted]: readonly [string, number, number, readonly Cid[]]) => {
  const receipt = receiptOf(leaf, bytes, counted)
  const sent = signSentReceipt(crypto, receipt, payouts[0] ?? host.address, host.secret)
  return {
    name,
    chainId,
    store,
    signerSecret: node.secret,
    signer: node.address,
    hostSecret: host.secret,
    purchase: nonce,
    leaf,
    bytes,
    blocks: counted,
    hash: receipt.hash,
    digest: digestReceipt(domain, receipt),
    owner: receipt.owner,
    key: receipt.key,
    buyer_signature: receipt.buyer_signature,
    payout: sent.payout,
    sender_signature: sent.sender_signature,
  }
}

const signedVector = (name: string, data: Uint8Array) => ({
  name,
  secret: buyer.secret,
  publicKey: buyer.publicKey,
  data,
  digest: digestSigned(data),
  signed: signContent(crypto, data, buyer.secret),
})

const envelopeVector = (name: string, data: Uint8Array) => {
  const secrets = {
    ephemeralSecretKey: secretOf(`ephemeral ${name}`),
    nonce: secretOf(`nonce ${name}`).subarray(0, 24),
  }
  const content = signContent(crypto, data, buyer.secret)
  return {
    name,
    senderSecret: buyer.secret,
    receiverSecret: owner.secret,
    receiver: owner.publicKey,
    ephemeralSecret: secrets.ephemeralSecretKey,
    nonce: secrets.nonce,
    content,
    envelope: sealEnvelope(crypto, content, owner.publicKey, secrets),
  }
}

const header = (type: string) => ({
  v: 1 as const,
  id: hexFromBytes(secretOf(`message ${type}`).subarray(0, 16)) as Hex,
  to: owner.publicKey,
  replyTo: party('reply').publicKey,
  at: 1_800_000_000_000,
  expires: 1_800_000_600_000,
})

const addresses = ['/ip4/127.0.0.1/tcp/4001/ws', '/ip4/127.0.0.1/tcp/8080/http']
const messages: readonly Message[] = [
  { ...header('order'), type: 'order', body: signOrder(draftOf(4, { payment: 'authorization' })) },
  { ...header('purchase'), type: 'purchase', body: { nonce, transaction: hashOf('transaction') } },
  { ...header('refused'), type: 'purchase', body: { code: 'balance-too-low' } },
  {
    ...header('receipt'),
    type: 'receipt',
    body: signSentReceipt(crypto, receiptOf(0, 786_432, blocks), payouts[0] ?? host.address, host.secret),
  },
  {
    ...header('offer'),
    type: 'offer',
    body: { key: host.publicKey, payout: payouts[0] ?? host.address, addresses, minimumFee: 1_000_000_000n },
  },
  { ...header('replicate'), type: 'replicate', body: { videos: [{ id: document.id, formats: [cmaf] }] } },
  { ...header('close'), type: 'close', body: signRequestClose(crypto, domain, nonce, node.secret) },
  ...marketBodies.map(({ name, ...rest }): Message => ({ ...header(name), ...rest })),
]

const blockRequests = [
  {
    name: 'ranges, paid by a purchase',
    signer: node,
    request: {
      leaves: [
        { first: 3, last: 9 },
        { first: 12, last: 12 },
      ],
      purchase: nonce,
      time: 1_800_000_000_000,
      counter: 7,
    },
  },
  {
    name: 'a copying host',
    signer: host,
    request: {
      leaves: [{ first: 0, last: 16_777_215 }],
      purchase: 'replicate' as const,
      time: 0,
      counter: 0,
    },
  },
].map(({ name, signer, request }) => {
  const full = { root: cidFromDigest('dag-pb', bytesFromHex(terms.root)), ...request }
  return {
    name,
    secret: signer.secret,
    signer: signer.publicKey,
    to: host.publicKey,
    unsigned: blockTarget(full),
    target: signBlockTarget(crypto, full, host.publicKey, signer.secret),
  }
})

const initVector = () => {
  const init = { nonce: hashOf('init nonce'), key: host.publicKey }
  return {
    ...init,
    purchase: nonce,
    nodeSecret: node.secret,
    signer: node.address,
    proof: signInitProof(crypto, init, nonce, node.secret),
  }
}

const carried = carriedVectors({
  crypto,
  hashOf,
  header,
  chainId,
  contractOf: name => hexFromBytes(secretOf(name).subarray(12)) as Address,
  viewer: buyer,
  publisher: owner,
  node,
  host,
  id: document.id,
  format: cmaf,
  root: cidFromDigest('dag-pb', bytesFromHex(terms.root)),
  order: signOrder(draftOf(1, {})),
  purchase: nonce,
  receipt: receiptOf(0, 786_432, blocks),
  blocks,
})

mkdirSync(folder, { recursive: true })
write(
  'allotments',
  allotmentCases.map(({ name, leaves }) => ({
    name,
    payees: leaves.map(leaf => leaf.payee),
    payouts: leaves.map(leaf => leaf.payout),
    caps: leaves.map(leaf => leaf.cap),
    words: leaves.map(leafWord),
    ...unwrap(buildAllotmentTree(leaves)),
  })),
)
write('order', orderCases.map(orderVector))
write(
  'receipt',
  (
    [
      ['no block yet', 0, 0, []],
      ['three blocks', 0, 786_432, blocks],
      ['the largest fields', 2 ** 32 - 1, 2 ** 40 - 1, blocks.slice(0, 1)],
    ] as const
  ).map(receiptVector),
)
write(
  'frame',
  [
    ...['', 'a', 'x'.repeat(300)].map(text => ({ cmd: 'mail', data: bytesFromUtf8(text) })),
    { cmd: 'twelve-chars', data: Uint8Array.of(0, 255) },
  ].map(frame => ({ ...frame, frame: encodeFrame(frame.cmd, frame.data) })),
)
write('signed', [
  signedVector('empty', new Uint8Array()),
  signedVector('a text', bytesFromUtf8('Paratii')),
  signedVector('252 bytes', new Uint8Array(252).fill(1)),
  signedVector('253 bytes', new Uint8Array(253).fill(2)),
])
write('envelope', [
  envelopeVector('short', bytesFromUtf8('Paratii')),
  envelopeVector('at the least padded length', new Uint8Array(512 - 101).fill(7)),
  envelopeVector('one byte more', new Uint8Array(513 - 101).fill(7)),
  envelopeVector('5,000 bytes', new Uint8Array(5000).fill(9)),
])
write(
  'message',
  [...messages, ...carried.messages].map(message => ({
    type: message.type,
    json: new TextDecoder().decode(encodeMessage(message)),
  })),
)
write('video-document', [
  {
    json: new TextDecoder().decode(encodeVideoDocument(document)),
    owner: owner.address,
    documentHash,
    id: document.id,
    root: rootFromCid(documentBody.formats[cmaf]?.hash ?? cidOf('')),
    avatarBps: 250,
    terms: hashTerms(terms),
  },
])
write('market', marketVectors)
write('block-request', blockRequests)
write('exchange', [initVector()])
write('exchange-words', carried.exchange)
write('free', carried.free)
write('posting', carried.posting)
write('announcement', carried.announcement)
write('relaying', carried.relaying)
write('hosts', [
  {
    mailboxSecret: owner.secret,
    mailbox: owner.publicKey,
    id: document.id,
    at: 1_800_000_000_000,
    expires: 1_800_000_600_000,
    signed: signHosts(
      crypto,
      { id: document.id, hosts: [{ key: host.publicKey, payout: payouts[0] ?? host.address, addresses }] },
      { at: 1_800_000_000_000, expires: 1_800_000_600_000 },
      owner.secret,
    ),
  },
])
write('keys', [
  {
    chainId,
    buyer: buyer.address,
    salt: hashOf('salt 1'),
    path: purchaseNodeKeyPath(chainId, buyer.address, hashOf('salt 1')),
  },
])
