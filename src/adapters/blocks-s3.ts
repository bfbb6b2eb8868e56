import { AwsClient } from 'aws4fetch'
import { digestFromCid } from '#protocol/cid.ts'
import type { Cid } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import { askStore, readBlock, readNothing } from './block-answer.ts'

/** A bucket of a store that speaks the S3 protocol. */
export type S3Place = {
  /** Without a trailing slash; buckets are named in the path. */
  readonly endpoint: string
  readonly bucket: string
  /** What stands before the CID in each key: empty, or with a slash at its end. */
  readonly prefix: string
  readonly region: string
}

export type S3Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Blocks as objects of a bucket, named by their CIDs, requests signed by SigV4. What is read is checked. */
export const openS3Blocks = (place: S3Place, credentials: S3Credentials): Blocks => {
  const { endpoint, bucket, prefix, region } = place
  const client = new AwsClient({ ...credentials, region, service: 's3', retries: 0 })
  const ask = (cid: Cid, init: RequestInit) => (signal: AbortSignal) =>
    client.fetch(`${endpoint}/${bucket}/${prefix}${cid}`, { ...init, signal })
  return {
    get: cid => askStore(cid, ask(cid, { method: 'GET' }), response => readBlock(cid, response)),
    async put(cid, bytes) {
      // A copy: it may have to be sent again, when its memory is no longer ours.
      const body = bytes.slice()
      // A CID holds the hash that S3 asks for: a store that got other bytes refuses them.
      const headers = { 'x-amz-content-sha256': Buffer.from(digestFromCid(cid)).toString('hex') }
      const isStored = await askStore(cid, ask(cid, { method: 'PUT', headers, body }), readNothing)
      if (isStored !== true) throw new ParatiiError('store-failed', { cid, reason: 'no such bucket' })
    },
    has: async cid => (await askStore(cid, ask(cid, { method: 'HEAD' }), readNothing)) === true,
  }
}
