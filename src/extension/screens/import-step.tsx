import { type ReactElement, useState } from 'react'
import { Field } from '#ui/field.tsx'
import { text } from '#ui/texts.ts'
import { type Phrase, parsePhrase, unknownWords } from '#wallet/phrase.ts'
import { StepFrame } from './step-frame.tsx'

type ImportProps = { readonly back?: () => void; readonly next: (phrase: Phrase) => void }

export function ImportStep({ back, next }: ImportProps): ReactElement {
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState<string>()
  const submit = (): void => {
    const phrase = parsePhrase(typed)
    if (phrase.ok) next(phrase.value)
    else setWrong(whatIsWrong(typed))
  }
  return (
    <StepFrame
      title={text('importTitle')}
      lead={text('importLead')}
      action={text('continue')}
      {...(back === undefined ? {} : { back })}
      next={submit}
    >
      <Field
        label={text('phraseLabel')}
        rows={3}
        value={typed}
        onText={value => {
          setTyped(value)
          setWrong(undefined)
        }}
        wrong={wrong}
      />
    </StepFrame>
  )
}

function whatIsWrong(typed: string): string {
  const words = typed.trim().toLowerCase().split(/\s+/)
  const [unknown] = unknownWords(words)
  if (typed.trim() === '' || ![12, 15, 18, 21, 24].includes(words.length))
    return text('phraseCount', String(typed.trim() === '' ? 0 : words.length))
  return unknown === undefined ? text('phraseOrder') : text('phraseUnknown', unknown)
}
