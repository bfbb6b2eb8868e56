import { CID } from 'multiformats/cid'
import { type DagNode, decodeNode, targetOf } from '#media/dag-node.ts'
import { walkLimits } from '#media/limits.ts'
import { bytesFromCid, decodeCid, digestFromCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import { fetchWhole } from './block-client.ts'
import { sha256 } from './sha256.ts'

/** A piece of a file: never more than one block of it. */
export type FreePiece = { readonly bytes: Uint8Array; readonly size: number }

type FreeReaderPorts = {
  /** Base URLs of trustless gateways that may have it, the likeliest first. */
  sources(signal: AbortSignal): Promise<readonly string[]>
}

const mostBlockBytes = 2_097_152
const mostKept = 64
const mostSources = 16
const dagPb = 0x70

/** Reads files of UnixFS by their CID from whoever gives them for nothing. Each block is compared with its own CID. */
export class FreeReader {
  readonly #ports: FreeReaderPorts
  /** Inner nodes, the latest last: the next piece of a file goes by the same ones. */
  readonly #nodes = new Map<Cid, DagNode>()
  /** Who had the last block is asked first for the next. */
  #lastGood: string | undefined

  constructor(ports: FreeReaderPorts) {
    this.#ports = ports
  }

  /**
   * The piece that begins at `offset` of the file at `path` below `text`, a CID of any version and base. Throws
   * `cid-malformed`, `path-unknown` (no such name, or a folder), `directory-malformed`, `range-invalid`, `block-absent`.
   */
  async read(text: string, path: readonly string[], offset: number, signal: AbortSignal): Promise<FreePiece> {
    let cid = parseCid(text)
    for (const name of path) {
      const node = isNode(cid) ? await this.#node(cid, signal) : undefined
      const link = node?.data.isDirectory() ? node.links.find(({ Name }) => Name === name) : undefined
      const target = link === undefined ? undefined : targetOf(link)
      if (target === undefined) throw new ParatiiError('path-unknown', { path: path.join('/') })
      cid = target.cid
    }
    if (!isNode(cid)) return pieceOf(await this.#block(cid, signal), offset)
    const file = await this.#node(cid, signal)
    if (file.data.isDirectory()) throw new ParatiiError('path-unknown', { path: path.join('/') })
    return this.#readFile(file, offset, signal)
  }

  async #readFile(file: DagNode, offset: number, signal: AbortSignal): Promise<FreePiece> {
    const size = Number(file.data.fileSize())
    let node = file
    let start = 0
    for (let depth = 0; depth < walkLimits.depth; depth++) {
      const { data, links, cid } = node
      if (links.length === 0) {
        const { bytes } = pieceOf(data.data ?? new Uint8Array(), offset - start)
        return { bytes, size }
      }
      if (data.data !== undefined || data.blockSizes.length !== links.length) throw odd(cid)
      const sizes = data.blockSizes.map(Number)
      const at = sizes.findIndex((length, place) => {
        const before = sizes.slice(0, place).reduce((sum, one) => sum + one, start)
        return offset < before + length
      })
      const link = links[at]
      const target = link === undefined ? undefined : targetOf(link)
      if (at < 0) throw new ParatiiError('range-invalid', { size })
      if (target === undefined) throw odd(cid)
      start += sizes.slice(0, at).reduce((sum, one) => sum + one, 0)
      if (!isNode(target.cid)) {
        const leaf = await this.#block(target.cid, signal)
        // A file that says other sizes than its leaves have would give its bytes a wrong place.
        if (leaf.length !== sizes[at]) throw odd(cid)
        return { bytes: pieceOf(leaf, offset - start).bytes, size }
      }
      node = await this.#node(target.cid, signal)
      if (Number(node.data.fileSize()) !== sizes[at]) throw odd(cid)
    }
    throw odd(file.cid)
  }

  async #node(cid: Cid, signal: AbortSignal): Promise<DagNode> {
    const known = this.#nodes.get(cid)
    if (known !== undefined) return known
    const node = decodeNode(cid, await this.#block(cid, signal))
    if (node === undefined || !['file', 'directory', 'raw'].includes(node.data.type)) throw odd(cid)
    this.#nodes.set(cid, node)
    for (const old of [...this.#nodes.keys()].slice(0, -mostKept)) this.#nodes.delete(old)
    return node
  }

  async #block(cid: Cid, signal: AbortSignal): Promise<Uint8Array> {
    const sources = await this.#ports.sources(signal)
    const ordered = [...new Set([...(this.#lastGood === undefined ? [] : [this.#lastGood]), ...sources])]
    let failure: ParatiiError | undefined
    for (const base of ordered.slice(0, mostSources)) {
      try {
        const bytes = await fetchWhole(`${base}/ipfs/${cid}?format=raw`, mostBlockBytes, signal)
        if (!(await matches(cid, bytes))) throw new ParatiiError('block-mismatch', { cid })
        this.#lastGood = base
        return bytes
      } catch (thrown) {
        signal.throwIfAborted()
        failure = errorFrom(thrown, 'host-unreachable')
      }
    }
    throw new ParatiiError('block-absent', failure === undefined ? { cid } : { cid, last: failure.code })
  }
}

const isNode = (cid: Cid): boolean => bytesFromCid(cid)[1] === dagPb
const odd = (cid: Cid): ParatiiError => new ParatiiError('directory-malformed', { reason: 'not UnixFS', cid })

function pieceOf(bytes: Uint8Array, offset: number): FreePiece {
  const size = bytes.length
  if (offset > size || (offset === size && size > 0)) throw new ParatiiError('range-invalid', { size })
  return { bytes: bytes.subarray(offset), size }
}

function parseCid(text: string): Cid {
  try {
    const cid = decodeCid(CID.parse(text).toV1().bytes)
    if (cid.ok) return cid.value
  } catch {
    // Said below.
  }
  throw new ParatiiError('cid-malformed')
}

async function matches(cid: Cid, bytes: Uint8Array): Promise<boolean> {
  const [found, named] = [new Uint8Array(await sha256(bytes)), digestFromCid(cid)]
  return found.every((byte, at) => byte === named[at])
}
