"""Spanish without accents, as people text it; English keywords are understood too."""

from conversation_service.domain.keywords.keywords import Keywords
from conversation_service.domain.templates.catalog import DurationFormat, Language, Template

_ENGLISH = Keywords()

_AFTERWARDS = "Envie {start} para empezar de nuevo, o {stop} para no recibir mas."

_WHILE_TALKING = "{end} para terminar, {stop} para no recibir mas."

_UNSEEN = "ninguno ve el numero del otro."

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
    templates={
        Template.CODE: "Su codigo es {code}. La otra persona envia {join} {code} a este numero en "
        "un plazo de {span}. {end} para cancelar.",
        Template.STILL_WAITING: "Nadie se ha unido aun. Su codigo es {code}: la otra persona envia "
        "{join} {code} a este numero. {end} para cancelar.",
        Template.SOMEBODY_JOINED: "La otra persona se ha unido. Le llega lo que escriba aqui; "
        f"{_UNSEEN} {_WHILE_TALKING}",
        Template.YOU_JOINED: "Se ha unido. Lo que escriba aqui llega a la otra persona; "
        f"{_UNSEEN} {_WHILE_TALKING}",
        Template.OPENED: f"{{operator}}: aqui habla con otra persona; {_UNSEEN} {_WHILE_TALKING}",
        Template.ALREADY_TALKING: "Ya esta en una conversacion aqui. Envie {end} para terminarla, "
        "y luego {start} o {join}.",
        Template.OWN_CODE: "Ese es su propio codigo. La otra persona envia {join} {code} a este "
        "numero.",
        Template.CODE_NOT_VALID: "Ese codigo no sirve. Pida otro, o envie {start} para tener uno "
        "propio.",
        Template.END_OF_ANOTHER: "Ese no es el codigo de esta conversacion. Envie {end} para "
        "terminarla.",
        Template.ENDED: f"La conversacion ha terminado. {_AFTERWARDS}",
        Template.JUST_ENDED: "Esa conversacion ha terminado. Podra empezar otra aqui en {span}. "
        "{stop} para no recibir mas.",
        Template.CANCELLED: f"Su codigo ya no sirve. {_AFTERWARDS}",
        Template.CODE_EXPIRED: f"Nadie se unio a tiempo y su codigo ha caducado. {_AFTERWARDS}",
        Template.IDLE_EXPIRED: "La conversacion ha terminado, pues nadie ha escrito. "
        f"{_AFTERWARDS}",
        Template.LIFETIME_EXPIRED: "La conversacion ha terminado, pues se acabo su plazo. "
        f"{_AFTERWARDS}",
        Template.IDLE_WARNING: "Esta conversacion termina en {span}, si nadie escribe.",
        Template.LIFETIME_WARNING: "Esta conversacion termina en {span}, pues se acaba su plazo.",
        Template.HELP: "{operator}. {start}: recibir un codigo. {join} y el codigo: hablar. "
        "{end}: terminar. {stop}: no recibir mas.",
        Template.OPTED_OUT: "No recibira mas mensajes de aqui, salvo que envie {start}.",
        Template.ERASED: "Sus datos aqui se han borrado (recibo {receipt}). No recibira mas "
        "mensajes de aqui, salvo que envie {start}.",
        Template.OPTED_IN: "Vuelve a recibir mensajes de aqui. Envie {start} para un codigo, o "
        "{stop} para no recibir mas.",
        Template.EMPTY: "Su mensaje estaba vacio: no se ha enviado nada.",
        Template.NO_ATTACHMENTS: "Aqui no se pueden enviar imagenes ni archivos, solo texto.",
        Template.ATTACHMENT_NOT_PASSED_ON: "Una imagen o un archivo que envio aqui no se ha podido "
        "entregar.",
        Template.UNSUITABLE: "Su mensaje no se ha entregado, pues es demasiado largo o tiene "
        "caracteres que no se pueden enviar.",
        Template.TOO_LONG: "No se envio: su mensaje es demasiado largo. Dividalo e intente de "
        "nuevo.",
        Template.TOO_MANY_TEXTS: "No se envio: ha enviado demasiados mensajes. Espere {span} e "
        "intente de nuevo.",
        Template.NOT_DELIVERED: "No entregado: algo que escribio aqui no se ha podido entregar.",
        Template.MAYBE_NOT_DELIVERED: "Es posible que algo que escribio aqui no haya llegado. "
        "Escribalo de nuevo si no recibe respuesta.",
        Template.BLOCKED: "La conversacion ha terminado, y no volvera a coincidir aqui con esa "
        f"persona. {_AFTERWARDS}",
        Template.REPORTED: "{operator} ha sido informado. {end} termina la conversacion.",
        Template.PAUSED_HELD: "Esta conversacion esta en pausa. Su mensaje se guarda, y se "
        "entregara cuando continue.",
        Template.PAUSED_REFUSED: "Esta conversacion esta en pausa. Su mensaje no se ha entregado.",
        Template.NOT_PASSED_ON: "Parte de lo que escribio aqui no se ha entregado.",
        Template.RESUMED: "Esta conversacion continua. La otra persona vuelve a recibir lo que "
        "escriba aqui.",
        Template.REOPENED: "La conversacion continua. La otra persona vuelve a recibir lo que "
        f"escriba aqui. {_WHILE_TALKING}",
        Template.NO_NEW_HERE: "En este numero no se pueden empezar conversaciones nuevas.",
        Template.LOOP_STOPPED: "Su mensaje no se ha entregado, pues los mismos dos mensajes se "
        "repiten aqui una y otra vez.",
    },
)
