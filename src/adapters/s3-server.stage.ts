import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

const keys = { id: 'AKIDPARATIITEST', secret: 'a secret of the test alone' }
const skewMs = 15 * 60_000

/**
 * A store that speaks as much of the S3 protocol as blocks need, on loopback: objects of one bucket, GET, HEAD and PUT.
 * It checks signatures by the specification of SigV4 itself, the hash of what is put, and the time.
 */
export const startS3Server = async (bucket: string, region: string) => {
  const objects = new Map<string, Buffer>()
  const refusals: string[] = []
  /** Answers that are given instead of the right one, the first one first. */
  const troubles: ('busy' | 'cut' | 'wrong')[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const body = Buffer.concat(pieces)
    const refusal = refusalOf(request, body, region)
    if (refusal !== undefined) {
      refusals.push(refusal)
      response.writeHead(403).end(refusal)
      return
    }
    const trouble = troubles.shift()
    if (trouble === 'busy') {
      response.writeHead(503).end('SlowDown')
      return
    }
    const [, named, ...rest] = (request.url ?? '').split('/')
    const key = rest.join('/')
    const object = objects.get(key)
    if (named !== bucket) response.writeHead(404).end('NoSuchBucket')
    else if (request.method === 'PUT') {
      objects.set(key, body)
      response.writeHead(200).end()
    } else if (object === undefined) response.writeHead(404).end('NoSuchKey')
    else {
      response.writeHead(200, { 'content-length': object.length })
      if (request.method === 'HEAD') response.end()
      else if (trouble === 'cut') response.write(object.subarray(0, 1), () => response.destroy())
      else response.end(trouble === 'wrong' ? Buffer.alloc(object.length, 255) : object)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: keys.id, secretAccessKey: keys.secret },
    objects,
    refusals,
    troubles,
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const hex = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Why a request is refused, as S3 would say; undefined for a good one. */
const refusalOf = (request: IncomingMessage, body: Buffer, region: string): string | undefined => {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    )
  const [, id, day = '', at, signedHeaders = '', signature] = given ?? []
  if (id !== keys.id) return 'InvalidAccessKeyId'
  if (at !== region) return 'AuthorizationHeaderMalformed'
  const time = String(request.headers['x-amz-date'])
  const timeMs = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!time.startsWith(day) || !(Math.abs(timeMs - Date.now()) < skewMs)) return 'RequestTimeTooSkewed'
  const names = signedHeaders.split(';')
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every(name => names.includes(name)))
    return 'AccessDenied'
  const content = String(request.headers['x-amz-content-sha256'])
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const canonical = [
    request.method,
    path,
    query.split('&').sort().join('&'),
    ...names.map(name => `${name}:${String(request.headers[name]).trim()}`),
    '',
    signedHeaders,
    content,
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const signed = ['AWS4-HMAC-SHA256', time, scope, hex(canonical)].join('\n')
  const key = ['aws4_request', 's3', region, day].reduceRight<string | Buffer>(hmac, `AWS4${keys.secret}`)
  if (hmac(key, signed).toString('hex') !== signature) return 'SignatureDoesNotMatch'
  if (request.method === 'PUT' && content !== hex(body)) return 'XAmzContentSHA256Mismatch'
  return undefined
}
