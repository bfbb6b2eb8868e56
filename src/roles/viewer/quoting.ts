import type { RegisteredNode, RegisteredVideo } from '#chain/reader.ts'
import { decodeHead, type FormatHead, maxHeadBytes } from '#media/head-car.ts'
import { askFree } from '#network/free-stream.ts'
import type { MessageNode } from '#network/message-node.ts'
import { sha256 } from '#network/sha256.ts'
import { capacityFor, collateralWei } from '#payments/purchase.ts'
import { openHosts } from '#protocol/announcement.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import type { Address, Cid, FormatName, PublicKey, VideoId } from '#std/brand.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import type { Quote } from './api.ts'
import type { ViewerPorts } from './ports.ts'

/** Hosts that one order allots to: they send side by side, and those that go on take over from one that fails. */
export const maxAllotted = 3
const maxListBytes = 65_536

/** A free head and who gave it: its leaves are paid for with the first receipt. */
export type GivenHead = { readonly head: FormatHead; readonly giver: PublicKey }

/** A quote, and the free head that its first host gave. */
export type Found = GivenHead & { readonly quote: Quote }

/** Looks a video up on the chain, its hosts at the publisher's nodes, and fetches its head from the first that has it. */
export const findVideo = async (
  ports: ViewerPorts,
  id: VideoId,
  format: FormatName,
  signal: AbortSignal,
): Promise<Found> => {
  const { reader } = ports
  const [video, addresses] = await Promise.all([reader.video(id, signal), reader.addresses(signal)])
  const terms = video.terms.find(sold => sold.format === format)
  if (terms === undefined) throw new ParatiiError('format-unknown', { format })
  const { mailbox, publisherAddresses, listed } = await findSeller(ports, video, terms.owner, signal)
  const { head, giver, hosts } = await fetchHead(ports.node, cidFromRoot(terms.root), listed, signal)
  const allotted = hosts.slice(0, maxAllotted)
  const capacity = capacityFor(terms.size, allotted.length)
  const quote: Quote = {
    video,
    terms,
    chainId: ports.chainId,
    store: addresses.videoStore,
    token: addresses.token,
    mailbox,
    publisherAddresses,
    hosts: allotted,
    capacity,
    collateralWei: collateralWei({ terms, capacity }),
  }
  return { quote, head, giver }
}

/** Where the owner of a video is reached, and the hosts that it lists now. */
export const findSeller = async (
  ports: ViewerPorts,
  { document }: RegisteredVideo,
  owner: Address,
  signal: AbortSignal,
) => {
  const [mailbox, nodes] = await Promise.all([
    ports.reader.mailboxOf(owner, document.mailbox, signal),
    ports.reader.nodes(owner, signal),
  ])
  const publisherAddresses = nodes.flatMap(node => node.addresses)
  const listed = await findHosts(ports, document.id, mailbox, nodes, signal)
  return { mailbox, publisherAddresses, listed }
}

/** The first valid host list that one of the publisher's nodes has. */
const findHosts = async (
  { crypto, clock, node }: ViewerPorts,
  id: VideoId,
  mailbox: PublicKey,
  nodes: readonly RegisteredNode[],
  signal: AbortSignal,
): Promise<readonly ListedHost[]> => {
  let failure = new ParatiiError('publisher-unreachable', { reason: 'no node' })
  for (const { addresses } of nodes) {
    try {
      const bytes = await askFree(node, addresses, { cmd: 'gethosts', body: { id } }, maxListBytes, signal)
      return orThrow(openHosts(crypto, bytes, { id, mailbox, nowMs: clock.nowMs() })).body.hosts
    } catch (thrown) {
      signal.throwIfAborted()
      failure = errorFrom(thrown, 'publisher-unreachable')
    }
  }
  throw failure
}

/** Asks hosts in turn; the one that gave the head comes first among those answered, the ones that failed last. */
export const fetchHead = async (
  node: MessageNode,
  root: Cid,
  listed: readonly ListedHost[],
  signal: AbortSignal,
) => {
  const failed: ListedHost[] = []
  let failure: ParatiiError | undefined
  for (const [at, host] of listed.entries()) {
    try {
      const car = await askFree(
        node,
        host.addresses,
        { cmd: 'gethead', body: { root } },
        maxHeadBytes,
        signal,
      )
      const head = orThrow(await decodeHead(root, car, sha256))
      return { head, giver: host.key, hosts: [host, ...listed.slice(at + 1), ...failed] }
    } catch (thrown) {
      signal.throwIfAborted()
      failure = errorFrom(thrown, 'host-unreachable')
    }
    failed.push(host)
  }
  throw new ParatiiError('no-hosts', failure === undefined ? {} : { last: failure.code }, failure)
}
