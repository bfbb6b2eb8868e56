import { openFileBlocks } from '#adapters/blocks-file.ts'
import { openGatewayBlocks } from '#adapters/blocks-gateway.ts'
import { openS3Blocks, type S3Credentials } from '#adapters/blocks-s3.ts'
import type { BlockPlace } from '#daemon/block-place.ts'
import { ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The blocks of a role: in its own folder, unless a host is told of another place, or of one behind it. */
export const openRoleBlocks = async (
  place: BlockPlace | undefined,
  folder: string,
  env: Environment,
): Promise<Blocks> => {
  switch (place?.kind) {
    case undefined:
      return openFileBlocks(folder)
    case 'folder':
      return openFileBlocks(place.folder)
    case 'gateway':
      return openGatewayBlocks(place.url, await openFileBlocks(folder))
    case 's3':
      return openS3Blocks(place, credentialsFrom(env))
  }
}

/** The variables that every program of S3 takes them from; they are in no file of ours. */
const credentialsFrom = (env: Environment): S3Credentials => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  const { AWS_SESSION_TOKEN: sessionToken } = env
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new ParatiiError('config-absent', {
      advice: 'Blocks in a bucket need AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.',
    })
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}
