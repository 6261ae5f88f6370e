"""The recipe of a parcel: from the closed carton to the customer's notice."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.sagas.recipes.parcel.booked import BOOKED
from crossdock.sagas.recipes.parcel.carton import Carton, carton_of
from crossdock.sagas.recipes.parcel.labelled import LABELLED
from crossdock.sagas.recipes.parcel.left import LEFT
from crossdock.sagas.recipes.parcel.order_checked import ORDER_CHECKED
from crossdock.sagas.recipes.parcel.posted import POSTED
from crossdock.sagas.recipes.parcel.rated import RATED
from crossdock.sagas.recipes.parcel.told import NOTIFIED, REPORTED
from crossdock.sagas.recipes.parts import Opening
from crossdock.sagas.recipes.recipe import Recipe

PARCEL = Recipe(
    name="parcel",
    version=1,
    summary="A closed carton gets a label, is posted, booked and told of, and leaves.",
    openings=(Opening(catalogue.CARTON_PACKED, lambda said: said.carton_id, carton_of),),
    subject=Carton,
    steps=(ORDER_CHECKED, RATED, LABELLED, POSTED, BOOKED, LEFT, NOTIFIED, REPORTED),
)
