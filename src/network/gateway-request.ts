import { CID } from 'multiformats/cid'
import { code as rawCode } from 'multiformats/codecs/raw'
import { identity } from 'multiformats/hashes/identity'
import type { DagScope, EntityBytes } from '#media/dag-part.ts'
import { decodeCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'

/** What is asked of the trustless gateway. */
export type GatewayRequest = {
  readonly isHead: boolean
  /** `/ipfs/<CID>[/<path>]` as it was asked for, and the CID in it. */
  readonly path: string
  readonly cid: string
  readonly ifNoneMatch: readonly string[]
} & (
  | {
      readonly format: 'raw'
      /** The block; bytes where the CID itself holds them (identity). */
      readonly root: Cid | Uint8Array
      readonly range: string | undefined
    }
  | {
      readonly format: 'car'
      /** The block that the path begins at. */
      readonly root: Cid
      readonly names: readonly string[]
      readonly scope: DagScope
      readonly bytes: EntityBytes | undefined
    }
)

export type GatewayHeaders = {
  readonly accept?: string | undefined
  readonly range?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

const mostNames = 16
const formats = { 'application/vnd.ipld.raw': 'raw', 'application/vnd.ipld.car': 'car' } as const

/** Reads a request for `/ipfs/…`; throws `request-malformed` (with `reason`) for what this gateway does not answer. */
export const parseGatewayRequest = (
  method: string,
  target: string,
  headers: GatewayHeaders,
): GatewayRequest => {
  const url = urlFrom(target)
  const [, , cid = '', ...rest] = url.pathname.split('/')
  const names = rest.filter(name => name !== '').map(nameFrom)
  if (names.length > mostNames) throw refused('path too long')
  const { format, parameters } = formatOf(url.searchParams.get('format'), headers.accept)
  const asked = {
    isHead: method === 'HEAD',
    path: url.pathname,
    cid,
    ifNoneMatch: tagsOf(headers['if-none-match']),
  }
  const root = rootFrom(cid)
  if (format === 'raw') {
    if (names.length > 0) throw refused('a raw block has no path')
    return { ...asked, format, root, range: headers.range }
  }
  if (root instanceof Uint8Array) throw refused('no CAR of an identity')
  // What a client wants of a CAR and we cannot give is refused; what it leaves open we choose, and say in the answer.
  if ((url.searchParams.get('car-version') ?? parameters.get('version') ?? '1') !== '1')
    throw refused('only CARs of version 1')
  const bytes = bytesFrom(url.searchParams.get('entity-bytes'))
  const scope = scopeFrom(url.searchParams.get('dag-scope'), bytes)
  return { ...asked, format, root, names, scope, bytes }
}

const refused = (reason: string) => new ParatiiError('request-malformed', { reason })

const urlFrom = (target: string): URL => {
  if (!target.startsWith('/ipfs/') || !URL.canParse(target, 'http://gateway')) throw refused('not a path')
  return new URL(target, 'http://gateway')
}

const nameFrom = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    throw refused('not a path')
  }
}

/** The `format` of the query goes before `Accept`, as the specification has it; a browser's catch-all names none. */
const formatOf = (format: string | null, accept = '') => {
  const none = new Map<string, string>()
  if (format === 'raw' || format === 'car') return { format, parameters: none } as const
  if (format !== null) throw refused('only raw blocks and CARs')
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    const known = Object.entries(formats).find(([name]) => name === type)
    if (known !== undefined) return { format: known[1], parameters: new Map(parameters.map(pairFrom)) }
  }
  throw refused('only raw blocks and CARs')
}

const pairFrom = (parameter: string): readonly [string, string] => {
  const [name = '', value = ''] = parameter.split('=')
  return [name, value]
}

/** A CID of any version and base, as we name the same block; `dag-pb` or `raw`, by sha2-256, or identity. */
const rootFrom = (text: string): Cid | Uint8Array => {
  const cid = parseCid(text)
  if (cid.multihash.code === identity.code && cid.code === rawCode) return cid.multihash.digest
  const named = decodeCid(cid.toV1().bytes)
  if (!named.ok) throw refused('neither raw nor dag-pb by sha2-256')
  return named.value
}

const parseCid = (text: string): CID => {
  try {
    return CID.parse(text)
  } catch {
    throw refused('not a CID')
  }
}

const scopeFrom = (text: string | null, bytes: EntityBytes | undefined): DagScope => {
  if (text === null) return bytes === undefined ? 'all' : 'entity'
  if (text === 'block' || text === 'entity' || text === 'all') return text
  throw refused('no such dag-scope')
}

const bytesFrom = (text: string | null): EntityBytes | undefined => {
  if (text === null) return undefined
  const [, from, to] = /^(-?\d{1,15}):(-?\d{1,15}|\*)$/.exec(text) ?? []
  if (from === undefined || to === undefined) throw refused('no such entity-bytes')
  return to === '*' ? { from: Number(from) } : { from: Number(from), to: Number(to) }
}

/** ETags without the mark of weak ones: a conditional GET compares them so. */
const tagsOf = (header = ''): readonly string[] =>
  header
    .split(',')
    .map(tag => tag.trim().replace(/^W\//, ''))
    .filter(tag => tag !== '')
