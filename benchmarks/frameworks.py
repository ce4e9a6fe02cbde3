"""Handlers of other frameworks that take the same form: the shortest code that stores the file and a row.

They neither hash nor inspect the file, and check no caller, no quota and no field. Each reads its form with
the parser that its users have. They need an environment of their own: `python3 -m venv ENV`, then
`ENV/bin/pip install -r src/requirements.txt`, and without hashes
`ENV/bin/pip install fastapi mangum python-multipart flask apig-wsgi chalice multipart`.
"""

SERVICE = "the service"

STORING = """
import boto3
s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")

def store(user, tags, data):
    image_id = str(uuid.uuid4())
    s3.put_object(Bucket="bucket", Key=image_id, Body=data)
    row = {"pk": {"S": image_id}, "user": {"S": user}, "tags": {"S": tags}}
    dynamodb.put_item(TableName="images", Item=row)
    return {"id": image_id, "userId": user, "size": len(data)}
"""

FRAMEWORKS = {
    SERVICE: """
from app.start import lambda_handler as handler
""",
    "FastAPI with Mangum": STORING
    + """
from typing import Annotated
from fastapi import FastAPI, File, Form
from mangum import Mangum
app = FastAPI()

@app.post("/images/upload", status_code=201)
def upload(userId: Annotated[str, Form()], tags: Annotated[str, Form()], file: Annotated[bytes, File()]):
    return store(userId, tags, file)

handler = Mangum(app, lifespan="off")
""",
    "Flask with apig-wsgi": STORING
    + """
from apig_wsgi import make_lambda_handler
from flask import Flask, request
app = Flask("peer")

@app.post("/images/upload")
def upload():
    return store(request.form["userId"], request.form["tags"], request.files["file"].read()), 201

handler = make_lambda_handler(app)
""",
    "Chalice with multipart": STORING
    + """
from multipart import MultipartParser
from chalice import Chalice, Response
app = Chalice("peer")

@app.route("/images/upload", methods=["POST"], content_types=["multipart/form-data"])
def upload():
    request = app.current_request
    body = request.raw_body
    boundary = request.headers["content-type"].partition("boundary=")[2]
    form = MultipartParser(io.BytesIO(body), boundary, len(body))
    stored = store(form.get("userId").value, form.get("tags").value, form.get("file").raw)
    return Response(stored, status_code=201)

handler = app
""",
    "Powertools": STORING
    + """
from typing import Annotated
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import File, Form
app = APIGatewayRestResolver(enable_validation=True)

@app.post("/images/upload")
def upload(userId: Annotated[str, Form()], tags: Annotated[str, Form()], file: Annotated[bytes, File()]):
    return store(userId, tags, file), 201

handler = app.resolve
""",
}

CLIENTS = """
from app.dependencies import get_images, get_storage
get_images(), get_storage()
"""
"""The clients of the service, which it makes when a request needs them."""

BASICS = """
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic import BaseModel
import boto3

class Item(BaseModel):
    name: str

app = APIGatewayRestResolver()
s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")

@app.get("/images")
def list_images():
    return dynamodb.query(TableName="images")

handler = app.resolve
"""
"""What every API on these libraries imports: the clients of boto3, Powertools' resolver and pydantic."""
