import { isAbsolute } from 'node:path'
import * as v from 'valibot'

/** Where a host's blocks are. */
export type BlockPlace =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'gateway'; readonly url: string }
  | {
      readonly kind: 's3'
      readonly endpoint: string
      readonly bucket: string
      readonly prefix: string
      readonly region: string
    }

const standardRegion = 'us-east-1'
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const prefixPattern = /^(?:[A-Za-z0-9._-]+\/)*$/

/** `/folder`, `https://gateway`, or `s3+https://endpoint/bucket/prefix?region=…`. */
export const blockPlaceSetting: v.GenericSchema<string, BlockPlace> = v.pipe(
  v.string(),
  v.maxLength(2048, 'is too long'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const place = placeOf(dataset.value)
    if (place !== undefined) return place
    addIssue({ message: 'is no absolute folder, URL of a gateway, or s3+https://ENDPOINT/BUCKET/PREFIX' })
    return NEVER
  }),
)

const placeOf = (text: string): BlockPlace | undefined => {
  if (isAbsolute(text)) return { kind: 'folder', folder: text }
  const isBucket = text.startsWith('s3+')
  const address = isBucket ? text.slice(3) : text
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.hash !== '')
    return undefined
  if (isBucket) return bucketOf(url)
  return url.search === '' ? { kind: 'gateway', url: address.replace(/\/+$/, '') } : undefined
}

const bucketOf = ({ origin, pathname, searchParams }: URL): BlockPlace | undefined => {
  const [, bucket = '', ...rest] = pathname.replace(/\/+$/, '').split('/')
  const prefix = rest.map(part => `${part}/`).join('')
  if (!bucketPattern.test(bucket) || !prefixPattern.test(prefix)) return undefined
  if ([...searchParams.keys()].some(name => name !== 'region')) return undefined
  return {
    kind: 's3',
    endpoint: origin,
    bucket,
    prefix,
    region: searchParams.get('region') ?? standardRegion,
  }
}
