import type { RegisteredNode } from '#chain/reader.ts'
import type { Leaf } from '#media/dag.ts'
import { decodeHead, maxHeadBytes } from '#media/head-car.ts'
import { leafBytes } from '#media/limits.ts'
import { dataPlaneUrls } from '#network/address.ts'
import { fetchWhole, getBody } from '#network/block-client.ts'
import { BufferPool } from '#network/buffer-pool.ts'
import { fetchLeaves } from '#network/leaf-fetch.ts'
import { rangesOfIndices } from '#network/leaf-request.ts'
import { sha256 } from '#network/sha256.ts'
import { openHosts } from '#protocol/announcement.ts'
import { signBlockTarget } from '#protocol/block-request.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import type { Address, Cid, FormatName, PublicKey, VideoId } from '#std/brand.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { findKeptVideo, saveHostList, saveKeptVideo } from './kept-videos.ts'
import type { HostPorts } from './ports.ts'

/** Leaves of one request while copying: 16 MiB, stored one by one. */
const leavesPerRequest = 64
const maxListBytes = 65_536

/** Copies videos from their publishers: only what is missing, every block checked, so that it can stop anywhere. */
export class Replicator {
  readonly #ports: HostPorts
  readonly #pool = new BufferPool(leafBytes, 16)
  #counter = 0

  constructor(ports: HostPorts) {
    this.#ports = ports
  }

  /** Makes sure that a format is kept whole; `not-permitted` for a video that is not this owner's, or not worth it. */
  async replicate(owner: Address, id: VideoId, format: FormatName, signal: AbortSignal): Promise<void> {
    const { config, reader, records, notice } = this.#ports
    const [terms, video, nodes] = await Promise.all([
      reader.terms(id, format, signal),
      reader.video(id, signal),
      reader.nodes(owner, signal),
    ])
    if (terms.owner !== owner || terms.fee < config.minimumFeeWei)
      throw new ParatiiError('not-permitted', { id })
    const root = cidFromRoot(terms.root)
    if ((await findKeptVideo(records, { id, format, root })) !== undefined) return
    const publisher = nodes.find(node => node.key === video.document.node) ?? nodes[0]
    if (publisher === undefined) throw new ParatiiError('publisher-unreachable', { reason: 'no node' })
    const count = await this.#copy(root, publisher, signal)
    await saveKeptVideo(records, { id, format, root, owner, ownerNode: video.document.node })
    notice('video-kept', { id, format, root, leaves: count })
  }

  /** Fetches the publisher's host list of a video anew, so that it can be passed on when the publisher is away. */
  async refreshList(owner: Address, id: VideoId, signal: AbortSignal): Promise<void> {
    const { clock, crypto, reader, records } = this.#ports
    const [nodes, video] = await Promise.all([reader.nodes(owner, signal), reader.video(id, signal)])
    const mailbox = await reader.mailboxOf(owner, video.document.mailbox, signal)
    const bytes = await this.#ask(nodes, `/paratii/1/hosts/${id}`, maxListBytes, signal)
    orThrow(openHosts(crypto, bytes, { id, mailbox, nowMs: clock.nowMs() }))
    await saveHostList(records, id, bytes)
  }

  /** Copies what is missing under a root; answers how many leaves it has. */
  async #copy(root: Cid, publisher: RegisteredNode, signal: AbortSignal): Promise<number> {
    const { blocks } = this.#ports
    const car = await this.#ask([publisher], `/paratii/1/head/${root}`, maxHeadBytes, signal)
    const head = orThrow(await decodeHead(root, car, sha256))
    for (const [cid, bytes] of head.nodes) await this.#keep(cid, bytes)
    const missing: Leaf[] = []
    for (const leaf of head.directory.leaves) {
      const free = head.leaves.get(leaf.index)
      if (free !== undefined) await this.#keep(leaf.cid, free)
      else if (!(await blocks.has(leaf.cid))) missing.push(leaf)
    }
    for (let at = 0; at < missing.length; at += leavesPerRequest) {
      await this.#fetch(root, publisher, missing.slice(at, at + leavesPerRequest), signal)
    }
    return head.directory.leaves.length
  }

  async #fetch(root: Cid, { key, addresses }: RegisteredNode, leaves: readonly Leaf[], signal: AbortSignal) {
    const { blocks } = this.#ports
    await firstOf(dataPlaneUrls(addresses), signal, url =>
      fetchLeaves({
        open: turn => getBody(`${url}${this.#target(root, key, leaves)}`, turn),
        leaves,
        pool: this.#pool,
        signal,
        onLeaf: async (position, bytes) => {
          const leaf = leaves[position]
          if (leaf !== undefined) await blocks.put(leaf.cid, bytes)
          this.#pool.give(bytes.buffer)
        },
      }),
    )
  }

  #target(root: Cid, to: PublicKey, leaves: readonly Leaf[]): string {
    const { clock, crypto, nodeKey } = this.#ports
    const request = {
      root,
      leaves: rangesOfIndices(leaves.map(leaf => leaf.index)),
      purchase: 'replicate' as const,
      time: clock.nowMs(),
      counter: this.#counter++,
    }
    return signBlockTarget(crypto, request, to, nodeKey)
  }

  #ask(nodes: readonly RegisteredNode[], path: string, maxBytes: number, signal: AbortSignal) {
    const urls = nodes.flatMap(node => dataPlaneUrls(node.addresses))
    return firstOf(urls, signal, url => fetchWhole(`${url}${path}`, maxBytes, signal))
  }

  async #keep(cid: Cid, bytes: Uint8Array): Promise<void> {
    const { blocks } = this.#ports
    if (!(await blocks.has(cid))) await blocks.put(cid, bytes)
  }
}

/** The first URL that works; the last one's error when none does. */
const firstOf = async <T>(
  urls: readonly string[],
  signal: AbortSignal,
  run: (url: string) => Promise<T>,
): Promise<T> => {
  let failure = new ParatiiError('publisher-unreachable', { reason: 'no data plane' })
  for (const url of urls) {
    try {
      return await run(url)
    } catch (thrown) {
      signal.throwIfAborted()
      failure = errorFrom(thrown, 'publisher-unreachable')
    }
  }
  throw failure
}
