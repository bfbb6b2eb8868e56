import { type ReactElement, useState } from 'react'
import type { Budget, Network } from '#bridge/shapes.ts'
import { errorFrom } from '#std/error.ts'
import { askBackground } from '#ui/background.ts'
import { Field } from '#ui/field.tsx'
import { Notice } from '#ui/notice.tsx'
import { failureText, type TextKey, text } from '#ui/texts.ts'
import {
  type Mistakes,
  type NetworkTyped,
  networkOf,
  readNetworkForm,
  typedFromQuery,
} from './network-form.ts'
import { StepFrame } from './step-frame.tsx'

type NetworkProps = {
  readonly back: () => void
  readonly next: (choice: { readonly network: Network; readonly budget: Budget }) => Promise<void>
}

const query = new URLSearchParams(location.search)

/** Where the chain is, and how much may be promised there. What is typed is asked of the chain before it is kept. */
export function NetworkStep({ back, next }: NetworkProps): ReactElement {
  const [typed, setTyped] = useState(() => typedFromQuery(query))
  const [mistakes, setMistakes] = useState<Mistakes>({})
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)

  const submit = async (): Promise<void> => {
    const form = readNetworkForm(typed)
    setFailure(undefined)
    if ('mistakes' in form) return setMistakes(form.mistakes)
    setMistakes({})
    setBusy(true)
    try {
      const { chainId } = await askBackground('network-check', form.place)
      if (chainId !== form.place.chainId)
        setFailure(text('chainOther', String(chainId), String(form.place.chainId)))
      else await next({ network: networkOf(form.place, query), budget: form.budget })
    } catch (thrown) {
      setFailure(failureText(errorFrom(thrown).code))
    } finally {
      setBusy(false)
    }
  }

  const fieldOf = (
    name: keyof NetworkTyped,
    label: TextKey,
    wrong: TextKey,
    hint?: TextKey,
  ): ReactElement => (
    <Field
      label={text(label)}
      value={typed[name]}
      onText={value => setTyped({ ...typed, [name]: value })}
      hint={hint === undefined ? undefined : text(hint)}
      wrong={mistakes[name] ? text(wrong) : undefined}
      autoComplete="off"
      spellCheck={false}
    />
  )
  return (
    <StepFrame
      title={text('networkTitle')}
      lead={text('networkLead')}
      action={text(busy ? 'networkChecking' : 'createFinish')}
      busy={busy}
      back={back}
      next={() => void submit()}
    >
      {fieldOf('rpcUrl', 'networkRpc', 'networkRpcWrong')}
      <div className="pair">
        {fieldOf('chainId', 'networkChain', 'networkChainWrong')}
        {fieldOf('registry', 'networkRegistry', 'networkRegistryWrong')}
      </div>
      {fieldOf('perVideo', 'budgetVideo', 'amountWrong', 'budgetHint')}
      {fieldOf('perDay', 'budgetDay', 'amountWrong')}
      {failure !== undefined && <Notice loss>{failure}</Notice>}
    </StepFrame>
  )
}
