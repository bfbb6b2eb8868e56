import { type FormEvent, type ReactElement, useState } from 'react'
import type { Network } from '#bridge/shapes.ts'
import { errorFrom } from '#std/error.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Icon } from '#ui/icon.tsx'
import { Notice } from '#ui/notice.tsx'
import { failureText, text } from '#ui/texts.ts'
import { type Mistakes, networkName, readNetworkPlace } from './network-form.ts'

type NetworkProps = { readonly network: Network; readonly back: () => void }

/** Another chain, or another way to the same one. It is asked whether it is what it should be before it is kept. */
export function NetworkScreen({ network, back }: NetworkProps): ReactElement {
  const [typed, setTyped] = useState({
    rpcUrl: network.rpcUrl,
    chainId: String(network.chainId),
    registry: network.registry as string,
  })
  const [mistakes, setMistakes] = useState<Mistakes>({})
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setFailure(undefined)
    const read = readNetworkPlace(typed)
    setMistakes('mistakes' in read ? read.mistakes : {})
    if ('mistakes' in read) return
    setBusy(true)
    try {
      const { chainId } = await askBackground('network-check', read.place)
      if (chainId !== read.place.chainId)
        return setFailure(text('chainOther', String(chainId), String(read.place.chainId)))
      const isSame = chainId === network.chainId && read.place.registry === network.registry
      await askBackground(
        'network-set',
        isSame ? { ...network, ...read.place } : { ...read.place, name: networkName(read.place) },
      )
      back()
    } catch (thrown) {
      setFailure(failureText(errorFrom(thrown).code))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack padded" onSubmit={event => void submit(event)} noValidate>
      <div className="row">
        <Button kind="plain" onClick={back} aria-label={text('back')}>
          <Icon name="back" />
        </Button>
        <h1 className="screen-title">{text('network')}</h1>
      </div>
      <Field
        label={text('networkRpc')}
        value={typed.rpcUrl}
        onText={rpcUrl => setTyped({ ...typed, rpcUrl })}
        wrong={mistakes.rpcUrl && text('networkRpcWrong')}
        spellCheck={false}
      />
      <Field
        label={text('networkChain')}
        value={typed.chainId}
        onText={chainId => setTyped({ ...typed, chainId })}
        wrong={mistakes.chainId && text('networkChainWrong')}
      />
      <Field
        label={text('networkRegistry')}
        value={typed.registry}
        onText={registry => setTyped({ ...typed, registry })}
        wrong={mistakes.registry && text('networkRegistryWrong')}
        spellCheck={false}
      />
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <Button kind="primary" type="submit" busy={busy}>
        {text(busy ? 'networkChecking' : 'networkUse')}
      </Button>
    </form>
  )
}
