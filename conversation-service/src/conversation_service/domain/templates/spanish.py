"""Spanish without accents, as people text it; English keywords are understood too."""

from conversation_service.domain.keywords.keywords import Keywords
from conversation_service.domain.templates.catalog import (
    AboutFormat,
    DurationFormat,
    Language,
    SafetyFormat,
    Template,
)

_ENGLISH = Keywords()

SPANISH = Language(
    keywords=Keywords(
        start=("inicio", "empezar", *_ENGLISH.start),
        join=("unirse", "unir", *_ENGLISH.join),
        end=("fin", "terminar", "adios", "adiós", *_ENGLISH.end),
        help=("ayuda", *_ENGLISH.help),
        opt_out=(
            *(*_ENGLISH.opt_out, "baja", "dar de baja", "darme de baja", "cancelar"),
            *("para", "detener", "no mas", "no más"),
        ),
        opt_in=_ENGLISH.opt_in,
        yes=("si", "sí", *_ENGLISH.yes),
        block=("bloquear", *_ENGLISH.block),
        report=("denunciar", *_ENGLISH.report),
        erase=("borrar mis datos", "eliminar mis datos", *_ENGLISH.erase),
    ),
    durations=DurationFormat(minute="un minuto", minutes="minutos", hours="horas", days="dias"),
    safety=SafetyFormat(between=" o ", after=": abuso. "),
    about=AboutFormat(before=" sobre ", without="; nadie ve el numero del otro"),
    templates={
        Template.CODE: "{operator}: su codigo es {code}. La otra persona envia {join} {code} a "
        "este numero en {span}. {help}: info. {stop}: no recibir mas.",
        Template.STILL_WAITING: "Nadie se ha unido aun. La otra persona debe enviar {join} {code} "
        "a este numero. {end} anula el codigo. {stop}: no recibir mas mensajes.",
        Template.SOMEBODY_JOINED: "La otra persona se ha unido. Escriba aqui para hablar; nadie "
        "ve el numero del otro. {end}: terminar. {help}: info. {stop}: no recibir mas.",
        Template.YOU_JOINED: "{operator}: ya esta en contacto. Escriba aqui; nadie ve el numero "
        "del otro. {end}: terminar. {help}: info. {stop}: no recibir mas.",
        Template.OPENED: "{operator}: aqui escribe a otra persona{about}. "
        "{end}: terminar. {help}: info. {stop}: no recibir mas.",
        Template.ALREADY_TALKING: "Ya tiene una conversacion aqui. Envie {end} para terminarla y "
        "luego {start}, o {join} y un codigo.",
        Template.OWN_CODE: "Ese es su propio codigo. La otra persona debe enviar {join} {code} a "
        "este numero.",
        Template.CODE_NOT_VALID: "Ese codigo no funciona. Reviselo, pida otro o envie {start} "
        "para obtener el suyo.",
        Template.TOO_MANY_TRIES: "Demasiados codigos incorrectos. Espere {span} e intente de "
        "nuevo.",
        Template.END_OF_ANOTHER: "Ese no es el codigo de esta conversacion. Para terminar esta, "
        "envie {end}.",
        Template.ENDED: "Esta conversacion ha terminado. Envie {start} para empezar otra, o "
        "{stop} para no recibir mas mensajes.",
        Template.JUST_ENDED: "Esa conversacion ha terminado y su mensaje no llego a nadie. Podra "
        "empezar otra en {span}. {stop}: no recibir mas mensajes.",
        Template.CANCELLED: "Su codigo ya no sirve. Envie {start} para obtener otro, o {stop} "
        "para no recibir mas mensajes.",
        Template.CODE_EXPIRED: "Nadie se unio a tiempo y su codigo vencio. Envie {start} para "
        "obtener otro, o {stop} para no recibir mas mensajes.",
        Template.IDLE_EXPIRED: "Esta conversacion ha terminado porque nadie escribio por un "
        "tiempo. Envie {start} para empezar otra, o {stop} para no recibir mas.",
        Template.LIFETIME_EXPIRED: "Esta conversacion ha terminado porque llego a su limite de "
        "tiempo. Envie {start} para empezar otra, o {stop} para no recibir mas.",
        Template.IDLE_WARNING: "Esta conversacion termina en {span} si nadie escribe.",
        Template.LIFETIME_WARNING: "Esta conversacion termina en {span} por su limite de tiempo. "
        "Despues podra empezar otra.",
        Template.HELP: "{operator} ayuda: {contact}. {start}: un codigo. {join} + codigo: hablar. "
        "{end}: fin. {stop}: baja. Pueden aplicar tarifas.",
        Template.HELP_TALKING: "{operator}: escribe a otra persona. {end}: fin. {safety}Ayuda: "
        "{contact}. {stop}: no recibir mas.",
        Template.OPTED_OUT: "{operator}: se dio de baja y no recibira mas mensajes. Envie {start} "
        "para volver a recibirlos.",
        Template.OPT_OUT_HINT: "Para no recibir mas mensajes de {operator}, envie {stop}. Para "
        "terminar solo esta conversacion, envie {end}.",
        Template.ERASED: "{operator}: sus datos se borraron (comprobante {receipt}). No recibira "
        "mas mensajes, salvo que envie {start}.",
        Template.OPTED_IN: "{operator}: volvera a recibir mensajes. {start}: pedir un codigo. "
        "{help}: info. {stop}: no recibir mas.",
        Template.NUMBERS_STOPPED: "{operator}: los numeros a los que envio STOP siguen en "
        "silencio. Envie UNSTOP a un numero para volver a recibir mensajes de el.",
        Template.EMPTY: "Su mensaje estaba vacio y no se envio nada.",
        Template.NO_ATTACHMENTS: "Aqui no se pueden enviar fotos ni archivos. Envie solo texto.",
        Template.ATTACHMENT_NOT_PASSED_ON: "Una foto o un archivo suyo no se entrego. Pruebe con "
        "otro o envie texto.",
        Template.UNSUITABLE: "No se envio: su mensaje es muy largo o tiene caracteres no "
        "permitidos. Cambielo e intente de nuevo.",
        Template.TOO_LONG: "No se envio: su mensaje es demasiado largo. Dividalo e intente de "
        "nuevo.",
        Template.TOO_MANY_TEXTS: "No se envio: ha enviado demasiados mensajes. Espere {span} e "
        "intente de nuevo.",
        Template.NOT_DELIVERED: "No entregado: algo que escribio aqui no llego a la otra persona. "
        "Puede intentarlo mas tarde.",
        Template.MAYBE_NOT_DELIVERED: "Quiza no llego algo que escribio aqui. Si no recibe "
        "respuesta, envielo de nuevo.",
        Template.BLOCKED: "Bloqueo hecho: la conversacion ha terminado y no se le conectara mas "
        "con esa persona. {start}: empezar otra. {stop}: no recibir mas.",
        Template.REPORTED: "Se informo a {operator}. Sus mensajes siguen llegando a la otra "
        "persona. Envie {end} para terminar esta conversacion.",
        Template.PAUSED_HELD: "Esta conversacion esta en pausa. Guardamos su mensaje y lo "
        "entregaremos cuando siga.",
        Template.PAUSED_REFUSED: "Esta conversacion esta en pausa y su mensaje no se entrego. "
        "Intente mas tarde.",
        Template.NOT_PASSED_ON: "No se entregaron los mensajes que envio mientras la conversacion "
        "estaba en pausa.",
        Template.RESUMED: "Esta conversacion sigue. Lo que escriba aqui llega a la otra persona.",
        Template.REOPENED: "Esta conversacion se abrio de nuevo. Lo que escriba aqui llega a la "
        "otra persona. {end}: terminar. {stop}: no recibir mas.",
        Template.NO_NEW_HERE: "En este numero no se pueden empezar conversaciones nuevas. "
        "Contacte a {operator}: {contact}.",
        Template.LOOP_STOPPED: "No se envio: los mismos dos mensajes se repiten una y otra vez. "
        "Escriba algo distinto.",
    },
)
